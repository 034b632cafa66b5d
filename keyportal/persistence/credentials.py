"""Queries for stored provider keys. Every one takes the owner and the id in one WHERE."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, func, or_, update
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from keyportal.persistence.tables import CredentialRow

SYSTEM_OWNER = "system"
_LIKE_ESCAPE = "\\"


@dataclass(frozen=True)
class CredentialFilter:
    """What a list is narrowed to; empty strings narrow nothing."""

    text: str = ""
    provider: str = ""
    status: str = ""
    health: str = ""


def find_credential(
    session: Session, owner_keys: Sequence[str], credential_id: str, *, for_update: bool = False
) -> CredentialRow | None:
    """Return a live credential of one of these owners: missing and not-yours are the same None."""
    query = _live(owner_keys).where(CredentialRow.id == credential_id)
    return session.exec(query.with_for_update() if for_update else query).first()


def providers_by_id(
    session: Session, owner_keys: Sequence[str], credential_ids: Sequence[str]
) -> dict[str, str]:
    """Return the provider of each of these that is live and of one of these owners, and nothing else."""
    query = select(CredentialRow.id, CredentialRow.provider).where(
        col(CredentialRow.id).in_(credential_ids),
        col(CredentialRow.owner_key).in_(owner_keys),
        col(CredentialRow.deleted_at).is_(None),
    )
    return dict(session.exec(query).all())


def find_by_name(session: Session, owner_key: str, name_key: str) -> CredentialRow | None:
    return session.exec(_live([owner_key]).where(CredentialRow.name_key == name_key)).first()


def chain_of(session: Session, owner_key: str, provider: str) -> Sequence[CredentialRow]:
    """Return an owner's credentials for a provider in the order they are tried."""
    query = _live([owner_key]).where(CredentialRow.provider == provider)
    return session.exec(
        query.order_by(col(CredentialRow.position), col(CredentialRow.created_at), col(CredentialRow.id))
    ).all()


def next_position(session: Session, owner_key: str, provider: str) -> int:
    query = select(func.max(CredentialRow.position)).where(
        CredentialRow.owner_key == owner_key,
        CredentialRow.provider == provider,
        col(CredentialRow.deleted_at).is_(None),
    )
    highest = session.exec(query).one()
    return 0 if highest is None else highest + 1


def search_credentials(
    session: Session,
    owner_key: str,
    wanted: CredentialFilter,
    *,
    readable_key_ids: frozenset[str],
    now: datetime,
    offset: int,
    limit: int,
) -> tuple[Sequence[CredentialRow], int]:
    """Return one page, newest first, and the number of all matches. Never touches ciphertext."""
    conditions = _conditions(owner_key, wanted, readable_key_ids, now)
    total = session.exec(select(func.count()).select_from(CredentialRow).where(*conditions)).one()
    page = (
        select(CredentialRow)
        .options(defer(cast(Any, CredentialRow.sealed), raiseload=True))
        .where(*conditions)
        .order_by(col(CredentialRow.created_at).desc(), col(CredentialRow.id))
        .offset(offset)
        .limit(limit)
    )
    return session.exec(page).all(), total


def count_use(session: Session, credential_id: str, now: datetime) -> None:
    """Add one use. The addition happens in the database, so no two callers lose one."""
    session.exec(
        update(CredentialRow)
        .where(col(CredentialRow.id) == credential_id)
        .values(usage_count=CredentialRow.usage_count + 1, last_used_at=now)
    )


def update_credential(session: Session, credential_id: str, **values: Any) -> None:
    session.exec(update(CredentialRow).where(col(CredentialRow.id) == credential_id).values(**values))


def write_health(session: Session, credential_id: str, secret_version: int, **values: Any) -> bool:
    """Store a check's result unless the value was replaced while the check ran."""
    done = session.exec(
        update(CredentialRow)
        .where(
            col(CredentialRow.id) == credential_id,
            col(CredentialRow.secret_version) == secret_version,
            col(CredentialRow.deleted_at).is_(None),
        )
        .values(**values)
    )
    return done.rowcount == 1


def escape_like(text: str) -> str:
    """Return text in which `%` and `_` stand for themselves in a LIKE pattern."""
    for special in (_LIKE_ESCAPE, "%", "_"):
        text = text.replace(special, _LIKE_ESCAPE + special)
    return text


def _live(owner_keys: Sequence[str]) -> Any:
    return select(CredentialRow).where(
        col(CredentialRow.owner_key).in_(owner_keys), col(CredentialRow.deleted_at).is_(None)
    )


def _conditions(
    owner_key: str, wanted: CredentialFilter, key_ids: frozenset[str], now: datetime
) -> list[ColumnElement[bool]]:
    conditions: list[Any] = [
        CredentialRow.owner_key == owner_key,
        col(CredentialRow.deleted_at).is_(None),
    ]
    if wanted.text:
        pattern = f"%{escape_like(wanted.text)}%"
        conditions.append(col(CredentialRow.name_key).like(pattern, escape=_LIKE_ESCAPE))
    if wanted.provider:
        conditions.append(CredentialRow.provider == wanted.provider)
    if wanted.health:
        conditions.append(_health(wanted.health))
    if wanted.status:
        conditions.append(_status(wanted.status, key_ids, now))
    return conditions


def _health(health: str) -> Any:
    # A key nobody has tested yet shows as "Not checked", as an unchecked one does.
    if health == "unchecked":
        outcome = col(CredentialRow.health_outcome)
        return or_(outcome.is_(None), outcome == health)
    return CredentialRow.health_outcome == health


def _status(status: str, key_ids: frozenset[str], now: datetime) -> Any:
    """Mirror `domain.credentials.status_of` in SQL; a test holds the two together."""
    active = col(CredentialRow.active).is_(True)
    expires_at = col(CredentialRow.expires_at)
    expired = and_(expires_at.is_not(None), expires_at <= now)
    current = or_(expires_at.is_(None), expires_at > now)
    unreadable = or_(
        col(CredentialRow.unreadable).is_(True), col(CredentialRow.key_id).not_in(sorted(key_ids))
    )
    match status:
        case "inactive":
            return ~active
        case "expired":
            return and_(active, expired)
        case "unreadable":
            return and_(active, current, unreadable)
        case _:
            return and_(active, current, ~unreadable)
