"""Queries for the tokens KeyPortal issued."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from keyportal.persistence.credentials import escape_like
from keyportal.persistence.tables import AgentKeyRow, UserRow

# What a list is sorted by. An index serves each, with the id behind it.
SORTS: dict[str, Any] = {
    "name": AgentKeyRow.name_key,
    "created": AgentKeyRow.created_at,
    "last_used": AgentKeyRow.last_used_at,
    "expires": AgentKeyRow.expires_at,
}


@dataclass(frozen=True)
class AgentKeyFilter:
    """What a list is narrowed to; empty texts narrow nothing."""

    text: str = ""
    status: str = ""


def find_agent_key(
    session: Session, user_id: str, agent_key_id: str, *, for_update: bool = False
) -> AgentKeyRow | None:
    found = find_agent_keys(session, user_id, [agent_key_id], for_update=for_update)
    return found[0] if found else None


def count_agent_keys(session: Session, user_id: str) -> int:
    query = select(func.count()).select_from(AgentKeyRow).where(AgentKeyRow.user_id == user_id)
    return session.exec(query.where(col(AgentKeyRow.deleted_at).is_(None))).one()


def find_agent_keys(
    session: Session, user_id: str, agent_key_ids: Sequence[str], *, for_update: bool = False
) -> Sequence[AgentKeyRow]:
    """Return those of these that are live and this person's, in the order of their ids."""
    query = (
        select(AgentKeyRow)
        .where(
            AgentKeyRow.user_id == user_id,
            col(AgentKeyRow.id).in_(agent_key_ids),
            col(AgentKeyRow.deleted_at).is_(None),
        )
        # One order for everybody: two calls that lock the same rows never wait for each other.
        .order_by(col(AgentKeyRow.id))
    )
    return session.exec(query.with_for_update() if for_update else query).all()


def is_live(session: Session, user_id: str, agent_key_id: str) -> bool:
    """Tell whether an agent key is neither revoked nor deleted."""
    query = select(AgentKeyRow.id).where(
        AgentKeyRow.user_id == user_id,
        AgentKeyRow.id == agent_key_id,
        col(AgentKeyRow.deleted_at).is_(None),
        col(AgentKeyRow.revoked_at).is_(None),
    )
    return session.exec(query).first() is not None


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


def names_of(session: Session, user_id: str) -> set[str]:
    """Return the names a person's live agent keys have, in the form names are compared in."""
    query = select(AgentKeyRow.name_key).where(*_live(user_id))
    return set(session.exec(query).all())


def agent_keys_of(session: Session, user_id: str, limit: int) -> Sequence[AgentKeyRow]:
    """Return a person's live agent keys, newest first."""
    query = _in_order(select(AgentKeyRow).where(*_live(user_id)), "created", True)
    return session.exec(query.limit(limit)).all()


def search_agent_keys(
    session: Session,
    user_id: str,
    wanted: AgentKeyFilter,
    *,
    now: datetime,
    order: tuple[str, bool],
    offset: int,
    limit: int,
) -> tuple[Sequence[AgentKeyRow], int]:
    """Return one page and the number of all matches. `order` is a column of SORTS, and True for downwards."""
    conditions = [*_live(user_id), *_conditions(wanted, now)]
    total = session.exec(select(func.count()).select_from(AgentKeyRow).where(*conditions)).one()
    page = _in_order(select(AgentKeyRow).where(*conditions), *order)
    return session.exec(page.offset(offset).limit(limit)).all(), total


def mark_agent_key_used(session: Session, agent_key_id: str, now: datetime) -> None:
    session.exec(update(AgentKeyRow).where(col(AgentKeyRow.id) == agent_key_id).values(last_used_at=now))


def _live(user_id: str) -> list[Any]:
    return [AgentKeyRow.user_id == user_id, col(AgentKeyRow.deleted_at).is_(None)]


def _conditions(wanted: AgentKeyFilter, now: datetime) -> list[Any]:
    conditions: list[Any] = []
    if wanted.text:
        pattern = f"%{escape_like(wanted.text)}%"
        conditions.append(col(AgentKeyRow.name_key).like(pattern, escape="\\"))
    revoked = col(AgentKeyRow.revoked_at).is_not(None)
    # Behind a function no index serves it: a page walks the index of its own order instead.
    expires_at = func.coalesce(AgentKeyRow.expires_at, AgentKeyRow.expires_at)
    match wanted.status:
        case "revoked":
            conditions.append(revoked)
        case "expired":
            conditions += [~revoked, expires_at <= now]
        case "active":
            conditions += [~revoked, expires_at > now]
    return conditions


def _in_order(query: Any, column: str, downwards: bool) -> Any:
    """Sort; what was never used comes last of the newest and first of the oldest, on both databases."""
    wanted = col(SORTS[column])
    if column == "name":
        # Unique, so nothing has to come behind it.
        return query.order_by(wanted.desc() if downwards else wanted)
    row_id = col(AgentKeyRow.id)
    if column == "last_used":
        wanted = wanted.desc().nulls_last() if downwards else wanted.asc().nulls_first()
        return query.order_by(wanted, row_id.desc() if downwards else row_id)
    return query.order_by(*(c.desc() if downwards else c for c in (wanted, row_id)))
