"""Queries for people: finding one, and lists of them. Their sessions are in `sessions`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from keyportal.domain.people import PersonStatus
from keyportal.domain.principals import Role
from keyportal.persistence.credentials import escape_like
from keyportal.persistence.tables import AgentKeyRow, CredentialRow, UserRow

SORTS: dict[str, Any] = {
    "name": UserRow.name_key,
    "email": UserRow.email_key,
    "created": UserRow.created_at,
    "last_sign_in": UserRow.last_sign_in_at,
}


@dataclass(frozen=True)
class UserFilter:
    """What a list is narrowed to; empty strings narrow nothing. Removed people show only where asked for."""

    text: str = ""
    role: str = ""
    status: str = ""


def find_user(session: Session, user_id: str, *, for_update: bool = False) -> UserRow | None:
    return session.get(UserRow, user_id, with_for_update=for_update or None)


def find_present(
    session: Session, user_id: str, *, for_update: bool = False, for_share: bool = False
) -> UserRow | None:
    """Return a person who is not removed. Held `for_share` they stay as they are until the end."""
    query = select(UserRow).where(UserRow.id == user_id, col(UserRow.removed_at).is_(None))
    if for_share:
        return session.exec(query.with_for_update(read=True)).first()
    return session.exec(query.with_for_update() if for_update else query).first()


def find_user_by_email(session: Session, email_key: str) -> UserRow | None:
    return session.exec(select(UserRow).where(UserRow.email_key == email_key)).first()


def has_admin(session: Session) -> bool:
    query = select(UserRow.id).where(UserRow.role == Role.ADMIN)
    return session.exec(query.limit(1)).first() is not None


def active_admins(session: Session, most: int = 2) -> set[str]:
    """Return the ids of active admins, of two at most: enough to know whether one is the last."""
    query = select(UserRow.id).where(
        UserRow.role == Role.ADMIN, col(UserRow.active).is_(True), col(UserRow.removed_at).is_(None)
    )
    return set(session.exec(query.limit(most)).all())


def search_users(
    session: Session,
    wanted: UserFilter,
    *,
    sort: str = "created",
    downwards: bool = True,
    offset: int = 0,
    limit: int = 25,
) -> tuple[Sequence[UserRow], int]:
    """Return one page and the number of all matches."""
    conditions = _conditions(wanted)
    total = session.exec(select(func.count()).select_from(UserRow).where(*conditions)).one()
    page = select(UserRow).where(*conditions).order_by(*_order(sort, downwards))
    return session.exec(page.offset(offset).limit(limit)).all(), total


def people_by_name(session: Session, most: int) -> Sequence[UserRow]:
    """Return people for a choice, by name; not those who were removed."""
    query = select(UserRow).where(col(UserRow.removed_at).is_(None))
    return session.exec(query.order_by(*_order("name", downwards=False)).limit(most)).all()


def credentials_owned(session: Session, user_ids: Sequence[str]) -> dict[str, int]:
    """Return how many live API keys each of these people owns; nobody without any."""
    query = (
        select(CredentialRow.owner_key, func.count())
        .where(col(CredentialRow.owner_key).in_(user_ids), col(CredentialRow.deleted_at).is_(None))
        .group_by(col(CredentialRow.owner_key))
    )
    return dict(session.exec(query).all())


def agent_keys_owned(session: Session, user_ids: Sequence[str]) -> dict[str, int]:
    """Return how many agent keys each of these people has; nobody without any."""
    query = (
        select(AgentKeyRow.user_id, func.count())
        .where(col(AgentKeyRow.user_id).in_(user_ids), col(AgentKeyRow.deleted_at).is_(None))
        .group_by(col(AgentKeyRow.user_id))
    )
    return dict(session.exec(query).all())


def live_credentials_of(
    session: Session, owner_key: str, *, for_update: bool = False
) -> Sequence[CredentialRow]:
    """Return all live keys of an owner, by provider and in their order. Locked by id, as everywhere."""
    query = select(CredentialRow).where(
        CredentialRow.owner_key == owner_key, col(CredentialRow.deleted_at).is_(None)
    )
    query = query.order_by(col(CredentialRow.id))
    rows = session.exec(query.with_for_update() if for_update else query).all()
    return sorted(rows, key=lambda row: (row.provider, row.position, row.id))


def live_agent_keys_of(session: Session, user_id: str, *, for_update: bool = False) -> Sequence[AgentKeyRow]:
    """Return all agent keys of a person, oldest first. Locked by id, as everywhere."""
    query = select(AgentKeyRow).where(AgentKeyRow.user_id == user_id, col(AgentKeyRow.deleted_at).is_(None))
    query = query.order_by(col(AgentKeyRow.id))
    rows = session.exec(query.with_for_update() if for_update else query).all()
    return sorted(rows, key=lambda row: (row.created_at, row.id))


def _order(sort: str, downwards: bool) -> tuple[Any, ...]:
    """Order by a column with the id last; people who never signed in count as the longest ago."""
    column = col(SORTS[sort])
    if downwards:
        first = column.desc().nulls_last() if sort == "last_sign_in" else column.desc()
        return first, col(UserRow.id).desc()
    first = column.asc().nulls_first() if sort == "last_sign_in" else column.asc()
    return first, col(UserRow.id)


def _conditions(wanted: UserFilter) -> list[ColumnElement[bool]]:
    conditions: list[Any] = [_status(wanted.status)]
    if wanted.text:
        pattern = f"%{escape_like(wanted.text)}%"
        conditions.append(
            or_(
                col(UserRow.name_key).like(pattern, escape="\\"),
                col(UserRow.email_key).like(pattern, escape="\\"),
            )
        )
    if wanted.role:
        conditions.append(UserRow.role == wanted.role)
    return conditions


def _status(status: str) -> Any:
    """Mirror `domain.people.status_of_person` in SQL."""
    removed_at, active = col(UserRow.removed_at), col(UserRow.active)
    match status:
        case PersonStatus.REMOVED:
            return removed_at.is_not(None)
        case PersonStatus.ACTIVE:
            return and_(removed_at.is_(None), active.is_(True))
        case PersonStatus.INVITED:
            return and_(removed_at.is_(None), active.is_(False), col(UserRow.password_digest) == "")
        case PersonStatus.DEACTIVATED:
            return and_(removed_at.is_(None), active.is_(False), col(UserRow.password_digest) != "")
        case _:
            return removed_at.is_(None)
