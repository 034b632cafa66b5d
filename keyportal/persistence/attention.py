"""Queries for what a person should look after. Each walks one index of an owner's live keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import func, text, update
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from keyportal.persistence.tables import AgentKeyRow, CredentialRow

# Said as the index says it: ix_credentials_lost.
_LOST = text("(credentials.unreadable OR credentials.sealed IS NULL)")


def lost(session: Session, owner_key: str, limit: int) -> Sequence[CredentialRow]:
    """Return keys whose value cannot be had: it does not open, or was never entered here."""
    return _rows(session, owner_key, limit, _LOST, order=CredentialRow.id)


def marked_unreadable(session: Session) -> Sequence[str]:
    """Return the ids of everybody's keys that are known not to open."""
    query = select(CredentialRow.id).where(
        col(CredentialRow.unreadable), col(CredentialRow.sealed).is_not(None)
    )
    return session.exec(query).all()


def unmark_unreadable(session: Session, credential_ids: Sequence[str]) -> None:
    """Forget that these do not open. A value that was replaced meanwhile has no mark anyway."""
    statement = update(CredentialRow).where(col(CredentialRow.id).in_(credential_ids))
    session.exec(statement.values(unreadable=False))


def count_without_value(session: Session) -> int:
    """Return how many keys of everybody wait for their value to be entered again."""
    query = select(func.count()).select_from(CredentialRow)
    return session.exec(
        query.where(col(CredentialRow.deleted_at).is_(None), col(CredentialRow.sealed).is_(None))
    ).one()


def failing(session: Session, owner_key: str, outcomes: Sequence[str], limit: int) -> Sequence[CredentialRow]:
    """Return switched-on keys whose last check had one of these outcomes."""
    return _rows(
        session,
        owner_key,
        limit,
        col(CredentialRow.health_outcome).in_(outcomes),
        col(CredentialRow.active).is_(True),
        order=CredentialRow.id,
    )


def expiring(session: Session, owner_key: str, until: datetime, limit: int) -> Sequence[CredentialRow]:
    """Return keys that expire by then, or have, the soonest first."""
    return _rows(
        session, owner_key, limit, col(CredentialRow.expires_at) <= until, order=CredentialRow.expires_at
    )


def due(session: Session, owner_key: str, until: datetime, limit: int) -> Sequence[CredentialRow]:
    """Return keys whose reminder is due by then, the oldest first."""
    return _rows(
        session, owner_key, limit, col(CredentialRow.remind_at) <= until, order=CredentialRow.remind_at
    )


def unused(session: Session, owner_key: str, since: datetime, limit: int) -> Sequence[CredentialRow]:
    """Return switched-on keys not used since then: those once used first, then those never used."""
    active = col(CredentialRow.active).is_(True)
    once = _rows(
        session,
        owner_key,
        limit,
        col(CredentialRow.last_used_at) < since,
        active,
        order=CredentialRow.last_used_at,
    )
    never = _rows(
        session,
        owner_key,
        limit - len(once),
        col(CredentialRow.created_at) < since,
        col(CredentialRow.last_used_at).is_(None),
        active,
        order=CredentialRow.created_at,
    )
    return [*once, *never]


def expiring_agent_keys(
    session: Session, user_id: str, now: datetime, until: datetime, limit: int
) -> Sequence[AgentKeyRow]:
    """Return agent keys that still work and stop by then, the soonest first."""
    query = (
        select(AgentKeyRow)
        .where(
            AgentKeyRow.user_id == user_id,
            col(AgentKeyRow.deleted_at).is_(None),
            col(AgentKeyRow.revoked_at).is_(None),
            col(AgentKeyRow.expires_at) > now,
            col(AgentKeyRow.expires_at) <= until,
        )
        .order_by(col(AgentKeyRow.expires_at))
    )
    return session.exec(query.limit(limit)).all()


def has_credential(session: Session, owner_keys: Sequence[str], *conditions: Any) -> bool:
    query = select(CredentialRow.id).where(
        col(CredentialRow.owner_key).in_(owner_keys), col(CredentialRow.deleted_at).is_(None), *conditions
    )
    return session.exec(query.limit(1)).first() is not None


def is_checked() -> Any:
    return func.coalesce(CredentialRow.health_outcome, "unchecked") != "unchecked"


def has_agent_key(session: Session, user_id: str, *conditions: Any) -> bool:
    query = select(AgentKeyRow.id).where(
        AgentKeyRow.user_id == user_id, col(AgentKeyRow.deleted_at).is_(None), *conditions
    )
    return session.exec(query.limit(1)).first() is not None


def is_used() -> Any:
    return col(AgentKeyRow.last_used_at).is_not(None)


def _rows(
    session: Session, owner_key: str, limit: int, *conditions: Any, order: Any
) -> Sequence[CredentialRow]:
    if limit <= 0:
        return []
    query = (
        select(CredentialRow)
        .options(defer(cast(Any, CredentialRow.sealed), raiseload=True))
        .where(CredentialRow.owner_key == owner_key, col(CredentialRow.deleted_at).is_(None), *conditions)
        .order_by(col(order))
    )
    return session.exec(query.limit(limit)).all()
