"""Proof that nobody touched the trail: the walk along its chain, and the point up to which it held."""

import hmac
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import audit_events, records
from keyportal.services import audit
from keyportal.services.portal import Portal
from keyportal.vault.keyring import UnknownKeyId

_NAME = "audit_verified"
_REPORT_EVERY = 1000


@dataclass(frozen=True)
class ChainReport:
    """How many events fit, and the number of the first that does not (None if all do).

    `last` is the number of the last one that fits, and `chain` its link.
    """

    events: int
    broken_at: int | None
    last: int = 0
    chain: str = audit.START


@dataclass(frozen=True)
class VerificationView:
    """The last time somebody looked. `broken_at` is None where the whole trail held."""

    at: datetime
    by: str
    events: int
    last: int
    broken_at: int | None


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
                return ChainReport(report.events, proven["last"], report.last, report.chain)
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
        view = VerificationView(now, principal.label, report.events, report.last, report.broken_at)
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
    )


def _walk(portal: Portal, session: Session, on_progress: Callable[[int], None]) -> ChainReport:
    before, count, last = audit.START, 0, 0
    for row in audit_events.events_in_order(session):
        try:
            expected = audit.link_of(portal.keyring.get(row.key_id), before, row)
        except UnknownKeyId:
            return ChainReport(count, row.id, last, before)
        if not hmac.compare_digest(expected, row.chain):
            return ChainReport(count, row.id, last, before)
        before, count, last = row.chain, count + 1, row.id or 0
        if count % _REPORT_EVERY == 0:
            on_progress(count)
    return ChainReport(count, None, last, before)


def _stored(session: Session) -> dict | None:
    row = records.read_setting(session, _NAME)
    return json.loads(row.value) if row else None
