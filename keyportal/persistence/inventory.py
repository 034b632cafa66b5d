"""How much a database holds, in the terms of people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, true
from sqlmodel import Session, col, select

from keyportal.domain.credentials import Ownership
from keyportal.persistence.tables import AgentKeyRow, AuditEventRow, CredentialRow, UserRow


@dataclass(frozen=True)
class Inventory:
    """What is deleted or removed is not counted. `newest_event_at` is None for a trail without events."""

    people: int
    api_keys: int
    system_keys: int
    agent_keys: int
    audit_events: int
    newest_event_at: datetime | None


def take_inventory(session: Session) -> Inventory:
    by_ownership = (
        select(CredentialRow.ownership, func.count())
        .where(col(CredentialRow.deleted_at).is_(None))
        .group_by(col(CredentialRow.ownership))
    )
    keys = dict(session.exec(by_ownership).all())
    return Inventory(
        people=_count(session, UserRow, col(UserRow.removed_at).is_(None)),
        api_keys=keys.get(Ownership.USER, 0),
        system_keys=keys.get(Ownership.SYSTEM, 0),
        agent_keys=_count(session, AgentKeyRow, col(AgentKeyRow.deleted_at).is_(None)),
        audit_events=_count(session, AuditEventRow, true()),
        newest_event_at=session.exec(select(func.max(AuditEventRow.at))).one(),
    )


def _count(session: Session, table: Any, condition: Any) -> int:
    return session.exec(select(func.count()).select_from(table).where(condition)).one()
