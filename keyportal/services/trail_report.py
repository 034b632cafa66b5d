"""What a look at the trail found, with the moments and neighbours that tell a person where to look."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from keyportal.domain.principals import Principal
from keyportal.persistence import audit_events, records
from keyportal.persistence.tables import AuditEventRow
from keyportal.services import audit_verification
from keyportal.services.portal import Portal
from keyportal.services.trail_links import audit_keys


@dataclass(frozen=True)
class Moment:
    """An event by its number, and when it was."""

    number: int
    at: datetime


@dataclass(frozen=True)
class TrailBreak:
    """Where the trail stops to be proven. `at` is None where the event is gone.

    `after` is the event before it, None at the beginning. `missing_key_id`: nothing is wrong with the
    event as far as anybody can tell, but the encryption key it was written under is not configured.
    """

    number: int
    at: datetime | None
    after: Moment | None
    missing_key_id: str


@dataclass(frozen=True)
class TrailReport:
    """`first` and `last` are the ends of what fits. `unproven` of the events are of a lost encryption key."""

    events: int
    unproven: int
    first: Moment | None
    last: Moment | None
    broken: TrailBreak | None


def verify_trail(
    portal: Portal, principal: Principal, on_progress: Callable[[int], None] | None = None
) -> TrailReport:
    """Verify the trail, remember and record that, and say what was found. Raises Forbidden."""
    with portal.database.reading() as session:
        end = audit_events.newest_number(session)
    view = audit_verification.verify(portal, principal, on_progress)
    with portal.database.reading() as session:
        return TrailReport(
            events=view.events,
            unproven=view.unproven,
            first=_moment(audit_events.first_event(session)) if view.events else None,
            last=_moment(audit_events.find_event(session, view.last)) if view.events else None,
            broken=None if view.broken_at is None else _break_at(portal, session, view.broken_at, end),
        )


def _break_at(portal: Portal, session: Session, number: int, end: int) -> TrailBreak:
    """Behind the end there was nothing: the look's own event may have the number of one that is gone."""
    after = audit_events.event_before(session, min(number, end + 1))
    try:
        row = audit_events.find_event(session, number) if number <= end else None
    except (ValueError, OperationalError):
        # It is there, and is no event any more: when it was nobody can tell.
        return TrailBreak(number, after.at if after else portal.clock.now(), _moment(after), "")
    return TrailBreak(number, row.at if row else None, _moment(after), _missing_key(portal, session, row))


def _missing_key(portal: Portal, session: Session, row: AuditEventRow | None) -> str:
    """Return the id of a key of this database that is neither here nor given up."""
    if row is None or row.key_id in audit_keys(portal, session):
        return ""
    known = {key.key_id for key in records.encryption_keys(session) if key.abandoned_at is None}
    return row.key_id if row.key_id in known else ""


def _moment(row: AuditEventRow | None) -> Moment | None:
    return Moment(row.id or 0, row.at) if row else None
