"""Queries for the tokens KeyPortal issued."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from keyportal.persistence.credentials import escape_like
from keyportal.persistence.tables import AgentKeyRow, UserRow


def find_agent_key(
    session: Session, user_id: str, agent_key_id: str, *, for_update: bool = False
) -> AgentKeyRow | None:
    query = select(AgentKeyRow).where(
        AgentKeyRow.user_id == user_id,
        AgentKeyRow.id == agent_key_id,
        col(AgentKeyRow.deleted_at).is_(None),
    )
    return session.exec(query.with_for_update() if for_update else query).first()


def find_by_public_id(session: Session, public_id: str) -> tuple[AgentKeyRow, UserRow] | None:
    """Return an issued token with its owner, revoked and expired ones too."""
    query = (
        select(AgentKeyRow, UserRow)
        .join(UserRow, col(UserRow.id) == col(AgentKeyRow.user_id))
        .where(AgentKeyRow.public_id == public_id, col(AgentKeyRow.deleted_at).is_(None))
    )
    return session.exec(query).first()


def find_agent_key_by_name(session: Session, user_id: str, name_key: str) -> AgentKeyRow | None:
    query = select(AgentKeyRow).where(
        AgentKeyRow.user_id == user_id,
        AgentKeyRow.name_key == name_key,
        col(AgentKeyRow.deleted_at).is_(None),
    )
    return session.exec(query).first()


def search_agent_keys(
    session: Session, user_id: str, text: str, *, offset: int, limit: int
) -> tuple[Sequence[AgentKeyRow], int]:
    """Return one page, newest first, and the number of all matches."""
    conditions: list[Any] = [
        AgentKeyRow.user_id == user_id,
        col(AgentKeyRow.deleted_at).is_(None),
    ]
    if text:
        conditions.append(col(AgentKeyRow.name_key).like(f"%{escape_like(text)}%", escape="\\"))
    total = session.exec(select(func.count()).select_from(AgentKeyRow).where(*conditions)).one()
    page = (
        select(AgentKeyRow)
        .where(*conditions)
        .order_by(col(AgentKeyRow.created_at).desc(), col(AgentKeyRow.id))
        .offset(offset)
        .limit(limit)
    )
    return session.exec(page).all(), total


def mark_agent_key_used(session: Session, agent_key_id: str, now: datetime) -> None:
    session.exec(update(AgentKeyRow).where(col(AgentKeyRow.id) == agent_key_id).values(last_used_at=now))
