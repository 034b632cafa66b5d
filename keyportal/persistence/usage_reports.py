"""Queries for what programs report about the keys they were given: each report once, counted by day."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from keyportal.domain.audit import Action, Result
from keyportal.domain.principals import PrincipalKind
from keyportal.domain.usage import ReportedOutcome
from keyportal.persistence.tables import AuditEventRow, CredentialRow, UsageDayRow, UsageReportRow

_KEY = ("day", "provider", "source", "credential_id", "agent_key_id")


def find_release(session: Session, uid: str, agent_key_id: str) -> AuditEventRow | None:
    """Return the event of a key that was handed to this agent key: missing and not-yours are the same."""
    query = select(AuditEventRow).where(
        AuditEventRow.uid == uid,
        AuditEventRow.principal_kind == PrincipalKind.AGENT,
        AuditEventRow.principal_id == agent_key_id,
        AuditEventRow.action == Action.CREDENTIAL_RESOLVE,
        AuditEventRow.result == Result.OK,
    )
    return session.exec(query).first()


def keep_first(session: Session, resolution_id: str, outcome: str, at: datetime) -> bool:
    """Store a report unless there is one; tell whether it is the first. Of two at once, one waits."""
    statement = _insert(session)(UsageReportRow).values(resolution_id=resolution_id, outcome=outcome, at=at)
    kept = statement.on_conflict_do_nothing(index_elements=["resolution_id"]).returning(UsageReportRow.at)
    return session.connection().execute(kept).first() is not None


def outcome_of(session: Session, resolution_id: str) -> str:
    """Return what was reported first."""
    query = select(UsageReportRow.outcome).where(UsageReportRow.resolution_id == resolution_id)
    return session.exec(query).one()


def count(session: Session, day: date, place: Mapping[str, str], outcome: ReportedOutcome) -> None:
    """Add a report to a day (UTC). The addition happens in the database, so no two callers lose one.

    `place` is the rest of the row's key. The row of the day is there, unless it was forgotten since.
    """
    values = {"day": day, **place, "count": 0, outcome.value: 1}
    raised = {outcome.value: col(getattr(UsageDayRow, outcome.value)) + 1}
    statement = _insert(session)(UsageDayRow).values(**values)
    session.connection().execute(statement.on_conflict_do_update(index_elements=_KEY, set_=raised))


def find_used(session: Session, credential_id: str, *, for_update: bool = False) -> CredentialRow | None:
    """Return a live key that was handed out, without its ciphertext. Whoever asks was given it."""
    query = (
        select(CredentialRow)
        .options(defer(cast(Any, CredentialRow.sealed), raiseload=True))
        .where(CredentialRow.id == credential_id, col(CredentialRow.deleted_at).is_(None))
        # Not as it was before the lock.
        .execution_options(populate_existing=True)
    )
    return session.exec(query.with_for_update() if for_update else query).first()


def reports_of(session: Session, credential_id: str, since: date) -> dict[str, int]:
    """Return how often each outcome was reported of a key for the days from this one on."""
    sums = [func.coalesce(func.sum(getattr(UsageDayRow, one.value)), 0) for one in ReportedOutcome]
    query = select(*sums).where(UsageDayRow.credential_id == credential_id, col(UsageDayRow.day) >= since)
    found = session.execute(query).one()
    return {one.value: int(count) for one, count in zip(ReportedOutcome, found, strict=True)}


def _insert(session: Session) -> Any:
    return postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
