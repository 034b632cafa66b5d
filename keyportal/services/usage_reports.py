"""What programs report about the keys they were given: kept once, counted, and fed into health.

A report never switches a key off, and never says anything of a value the key no longer has.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.errors import AlreadyReported, InvalidInput, NotFound, ReportedTooLate
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.text import is_row_id, search_key
from keyportal.domain.usage import REPORTED_WITHIN, ReportedOutcome
from keyportal.persistence import usage_reports, users
from keyportal.persistence.tables import AuditEventRow, CredentialRow
from keyportal.services import audit
from keyportal.services.chains import decide
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal
from keyportal.services.reported_health import Report, change_by, steps_back_until

# Each number is written in one way only: written in two, one resolve could be reported twice.
_NUMBER = re.compile(r"-[1-9][0-9]{0,9}", re.ASCII)
_STATUSES = range(100, 600)
# One text for every cause: who may not know of a use does not learn that there was one.
_NOT_HANDED_OUT = (
    "No key was handed out to this agent key under this resolution_id: it is unknown, or another agent"
    " key's. Report the resolution_id of a resolve, with the same agent key, soon after the call."
)


@dataclass(frozen=True)
class ReportView:
    """A report that is taken. `steps_back_until`: until then the same resolve gives another key.

    None too where there is no other that can be used: then the key is handed out all the same.
    """

    resolution_id: str
    outcome: str
    steps_back_until: datetime | None


@dataclass(frozen=True)
class _Reported:
    """What is reported, and the event of the key that was handed out, as the trail has it."""

    resolution_id: str
    event: AuditEventRow
    outcome: ReportedOutcome
    http_status: int | None

    @property
    def credential_id(self) -> str:
        """The key's id, or nothing for a variable of the server."""
        return self.event.object_id

    @property
    def place(self) -> dict[str, str]:
        """Where the use is counted on its day."""
        return {
            "provider": self.event.details["provider"],
            "source": self.event.details["source"],
            "credential_id": self.credential_id,
            "agent_key_id": self.event.principal_id,
        }


@dataclass(frozen=True)
class _Applied:
    """The key as it is after a report; None where there is none any more."""

    row: CredentialRow | None
    until: datetime | None = None
    is_news: bool = False


def report(
    portal: Portal, principal: Principal, resolution_id: str, outcome: str, http_status: int | None = None
) -> ReportView:
    """Take what a program says came of the key it was given. The same report again changes nothing.

    Raises InvalidInput, NotFound, ReportedTooLate, AlreadyReported.
    """
    principal.require(Permission.SECRETS_RELEASE)
    if outcome not in tuple(ReportedOutcome):
        raise InvalidInput(f"outcome has to be one of {', '.join(ReportedOutcome)}.", field="outcome")
    if http_status is not None and http_status not in _STATUSES:
        raise InvalidInput("This is no HTTP status. Leave it out if there was none.", field="http_status")
    event = _require_release(portal, principal, resolution_id)
    reported = _Reported(resolution_id, event, ReportedOutcome(outcome), http_status)
    provider = portal.providers.find(event.details["provider"])
    provider_name = provider.name if provider else event.details["provider"]
    with portal.database.transaction() as session:
        until = _take(portal, session, principal, reported, provider_name)
    # Behind the commit: until there, nobody else gets at the trail.
    if until is not None and not _is_stood_in_for(portal, principal, reported):
        until = None
    return ReportView(resolution_id, reported.outcome, until)


def _require_release(portal: Portal, principal: Principal, resolution_id: str) -> AuditEventRow:
    """Return the event of what was handed to this very agent key under this id, not too long ago."""
    uid, number = _parted(resolution_id)
    with portal.database.reading() as session:
        event = usage_reports.find_release(session, uid, principal.agent_key_id or "")
    if event is None or number >= event.details.get("count", 1):
        raise NotFound(_NOT_HANDED_OUT)
    if portal.clock.now() - event.at > REPORTED_WITHIN:
        raise ReportedTooLate
    return event


def _parted(resolution_id: str) -> tuple[str, int]:
    """Return the id of the event, and which of its resolves is meant, from 0. Raises NotFound."""
    uid, number = resolution_id[:36], resolution_id[36:]
    if not is_row_id(uid) or not (number == "" or _NUMBER.fullmatch(number)):
        raise NotFound(_NOT_HANDED_OUT)
    return uid, int(number[1:] or 0)


def _take(
    portal: Portal, session: Session, principal: Principal, reported: _Reported, provider_name: str
) -> datetime | None:
    """Store, count and apply a report; return until when its key steps back."""
    now = portal.clock.now()
    if not usage_reports.keep_first(session, reported.resolution_id, reported.outcome, now):
        if usage_reports.outcome_of(session, reported.resolution_id) != reported.outcome:
            raise AlreadyReported
        return _as_it_is(portal, session, reported).until
    # The key before its counts, in the order of whoever hands keys out.
    applied = _apply(portal, session, principal, reported, provider_name)
    usage_reports.count(session, reported.event.at.astimezone(UTC).date(), reported.place, reported.outcome)
    if applied.row is not None and applied.is_news:
        _record(portal, session, principal, applied.row, reported, applied.until)
    return applied.until


def _as_it_is(portal: Portal, session: Session, reported: _Reported) -> _Applied:
    row = _find_key(session, reported)
    if row is None:
        return _Applied(None)
    return _Applied(row, steps_back_until(row, policies_in(session), portal.clock.now()))


def _apply(
    portal: Portal, session: Session, principal: Principal, reported: _Reported, provider_name: str
) -> _Applied:
    """Write what the report changes about its key. Most change nothing, and lock nothing."""
    now, policies = portal.clock.now(), policies_in(session)
    row = _find_key(session, reported)
    if (
        row is not None
        and change_by(row, _said(principal, row, reported, provider_name), policies, now).values
    ):
        # Somebody else may just have changed it: decide again, now that nobody can.
        row = _find_key(session, reported, for_update=True)
    if row is None:
        return _Applied(None)
    change = change_by(row, _said(principal, row, reported, provider_name), policies, now)
    for name, value in change.values.items():
        setattr(row, name, value)
    session.flush()
    return _Applied(row, steps_back_until(row, policies, now), change.is_news)


def _is_stood_in_for(portal: Portal, principal: Principal, reported: _Reported) -> bool:
    """Tell whether the same resolve would give another key by now."""
    details = reported.event.details
    provider = portal.providers.find(details["provider"])
    if provider is None:
        return False
    with portal.database.reading() as session:
        subject = users.find_user_by_email(session, search_key(details.get("for_user") or ""))
        user_id = subject.id if subject else principal.user_id or ""
        winner = decide(portal, session, user_id, provider, model=details.get("model")).decision.winner
    return winner is not None and winner.id != reported.credential_id


def _find_key(session: Session, reported: _Reported, *, for_update: bool = False) -> CredentialRow | None:
    if not reported.credential_id:
        return None
    return usage_reports.find_used(session, reported.credential_id, for_update=for_update)


def _said(principal: Principal, row: CredentialRow, reported: _Reported, provider_name: str) -> Report:
    return Report(
        reported.outcome,
        reported.http_status,
        by=_name_for(principal, row),
        provider_name=provider_name,
        resolved_at=reported.event.at,
        secret_version=reported.event.details.get("secret_version"),
    )


def _name_for(principal: Principal, row: CredentialRow) -> str:
    """Return what the key's owner is told: their own agent keys by name, others with whose they are."""
    return principal.name if row.owner_id == principal.user_id else principal.label


def _record(
    portal: Portal,
    session: Session,
    principal: Principal,
    row: CredentialRow,
    reported: _Reported,
    until: datetime | None,
) -> None:
    audit.record(
        portal,
        session,
        principal,
        Action.CREDENTIAL_REPORT,
        object_id=row.id,
        object_label=row.name,
        provider=reported.event.details["provider"],
        ownership=row.ownership,
        outcome=reported.outcome,
        http_status=reported.http_status,
        resolution_id=reported.resolution_id,
        until=until.isoformat() if until else None,
    )
