"""Proof that nobody touched the trail: the walk along its chain, and the point up to which it held."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import audit_events, records
from keyportal.persistence.audit_events import UnreadableEvent
from keyportal.services import audit
from keyportal.services.portal import Portal
from keyportal.services.trail_links import TrailLinks, audit_keys, known_keys

_NAME = "audit_verified"
_REPORT_EVERY = 1000


@dataclass(frozen=True)
class ChainReport:
    """How many events fit, and the number of the first that does not (None if all do).

    `last` is the number of the last one that fits, and `chain` its link. `unproven` of the events were
    written under an encryption key that is lost: their place is proven, their content is not.
    """

    events: int
    broken_at: int | None
    last: int = 0
    chain: str = audit.START
    unproven: int = 0


@dataclass(frozen=True)
class VerificationView:
    """The last time somebody looked. `broken_at` is None where the whole trail held."""

    at: datetime
    by: str
    events: int
    last: int
    broken_at: int | None
    unproven: int = 0


def verify_chain(portal: Portal, on_progress: Callable[[int], None] | None = None) -> ChainReport:
    """Walk the whole trail and recompute every link; then look whether its proven end is still there.

    Without that second look events could be cut off the end unseen. `on_progress` is told how many
    events were read, now and then.
    """
    with portal.database.reading() as session:
        report = _walk(portal, session, on_progress or (lambda _count: None))
        proven = _stored(session)
        if report.broken_at is None and proven is not None:
            event = audit_events.find_event(session, proven["last"])
            if proven["last"] and (event is None or event.chain != proven["chain"]):
                return replace(report, broken_at=proven["last"])
    return report


def verify(
    portal: Portal, principal: Principal, on_progress: Callable[[int], None] | None = None
) -> VerificationView:
    """Verify the trail and remember how far it held. Takes a minute for a million events."""
    principal.require(Permission.AUDIT_READ)
    report = verify_chain(portal, on_progress)
    now, result = portal.clock.now(), Result.OK if report.broken_at is None else Result.FAILED
    with portal.database.transaction() as session:
        point = {"last": report.last, "chain": report.chain}
        if report.broken_at is not None:
            # The proven end stays the one of before: what broke must not look whole the next time.
            before = _stored(session) or {"last": 0, "chain": audit.START}
            point = {"last": before["last"], "chain": before["chain"]}
        view = VerificationView(
            now, principal.label, report.events, report.last, report.broken_at, report.unproven
        )
        content = {**asdict(view), **point, "at": now.isoformat(), "reached": report.last}
        records.write_setting(session, _NAME, json.dumps(content), now)
        audit.record(portal, session, principal, Action.AUDIT_VERIFY, result, count=report.events)
    return view


def last_verification(portal: Portal, principal: Principal) -> VerificationView | None:
    """Return how the last look went, or None before the first."""
    principal.require(Permission.AUDIT_READ)
    with portal.database.reading() as session:
        stored = _stored(session)
    if stored is None:
        return None
    return VerificationView(
        at=datetime.fromisoformat(stored["at"]),
        by=stored["by"],
        events=stored["events"],
        last=stored["reached"],
        broken_at=stored["broken_at"],
        unproven=stored.get("unproven", 0),
    )


def _walk(portal: Portal, session: Session, on_progress: Callable[[int], None]) -> ChainReport:
    links = TrailLinks(audit_keys(portal, session), known_keys(session))
    last = 0
    try:
        for row in audit_events.events_in_order(session):
            if not links.fit(row):
                return ChainReport(links.count, row.id, last, links.before, links.unproven)
            last = row.id or 0
            if links.count % _REPORT_EVERY == 0:
                on_progress(links.count)
    except UnreadableEvent as spoiled:
        return ChainReport(links.count, spoiled.number, last, links.before, links.unproven)
    return ChainReport(links.count, links.first_unexplained, last, links.before, links.unproven)


def _stored(session: Session) -> dict | None:
    row = records.read_setting(session, _NAME)
    try:
        stored = json.loads(row.value) if row else None
        return {**stored, "last": int(stored["last"]), "chain": str(stored["chain"])} if stored else None
    except (ValueError, TypeError, KeyError):
        # Somebody wrote into the database. Who can do that can also take it away: SECURITY.md says so.
        return None
