"""Deleting what is too old, some rows at a time. Each returns how many it deleted."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, or_, tuple_
from sqlmodel import Session, col, select

from keyportal.persistence.tables import (
    AgentKeyRow,
    AttemptRow,
    CredentialLinkRow,
    CredentialRow,
    OneTimeLinkRow,
    SessionRow,
    UsageDayRow,
    UsageReportRow,
)


def delete_usage_before(session: Session, day: date, limit: int) -> int:
    key = tuple_(
        col(UsageDayRow.day),
        col(UsageDayRow.provider),
        col(UsageDayRow.source),
        col(UsageDayRow.credential_id),
        col(UsageDayRow.agent_key_id),
    )
    old = select(*key.clauses).where(col(UsageDayRow.day) < day).limit(limit)
    return session.exec(delete(UsageDayRow).where(key.in_(old))).rowcount


def delete_usage_reports(session: Session, before: datetime, limit: int) -> int:
    old = col(UsageReportRow.at) < before
    return _delete_some(session, UsageReportRow, UsageReportRow.resolution_id, old, limit)


def delete_credentials(session: Session, before: datetime, limit: int) -> int:
    """Delete tombstones, and first the links that still point at one."""
    old = select(CredentialRow.id).where(col(CredentialRow.deleted_at) < before).limit(limit)
    ids = list(session.exec(old).all())
    session.exec(delete(CredentialLinkRow).where(col(CredentialLinkRow.credential_id).in_(ids)))
    return session.exec(delete(CredentialRow).where(col(CredentialRow.id).in_(ids))).rowcount


def delete_agent_keys(session: Session, before: datetime, limit: int) -> int:
    return _delete_some(session, AgentKeyRow, AgentKeyRow.id, col(AgentKeyRow.deleted_at) < before, limit)


def delete_sessions(session: Session, before: datetime, limit: int) -> int:
    ended = or_(col(SessionRow.ended_at) < before, col(SessionRow.expires_at) < before)
    return _delete_some(session, SessionRow, SessionRow.digest, ended, limit)


def delete_one_time_links(session: Session, before: datetime, limit: int) -> int:
    over = or_(col(OneTimeLinkRow.used_at) < before, col(OneTimeLinkRow.expires_at) < before)
    return _delete_some(session, OneTimeLinkRow, OneTimeLinkRow.digest, over, limit)


def delete_attempts(session: Session, now: datetime, limit: int) -> int:
    return _delete_some(session, AttemptRow, AttemptRow.key, col(AttemptRow.window_ends_at) <= now, limit)


def _delete_some(session: Session, table: Any, key: Any, condition: Any, limit: int) -> int:
    old = select(key).where(condition).limit(limit)
    return session.exec(delete(table).where(col(key).in_(old))).rowcount
