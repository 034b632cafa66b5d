"""Queries for stored provider keys. Every one takes the owner and the id in one WHERE."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from keyportal.persistence.tables import CredentialRow

SYSTEM_OWNER = "system"
# In a filter: keys without a provider.
GENERAL = "general"
_LIKE_ESCAPE = "\\"


@dataclass(frozen=True)
class CredentialFilter:
    """What a list is narrowed to; empty strings narrow nothing. The provider may be `general`."""

    text: str = ""
    provider: str = ""
    status: str = ""
    health: str = ""
    environment: str = ""


def find_credential(
    session: Session, owner_keys: Sequence[str], credential_id: str, *, for_update: bool = False
) -> CredentialRow | None:
    """Return a live credential of one of these owners: missing and not-yours are the same None."""
    query = _live(owner_keys).where(CredentialRow.id == credential_id)
    return session.exec(query.with_for_update() if for_update else query).first()


def find_credentials(session: Session, owner_key: str, credential_ids: Sequence[str]) -> list[CredentialRow]:
    """Return those of these keys that are live and this owner's, locked in one order for everybody."""
    query = select(CredentialRow).where(col(CredentialRow.id).in_(credential_ids), *theirs([owner_key]))
    return list(session.exec(query.order_by(col(CredentialRow.id)).with_for_update()).all())


def providers_by_id(
    session: Session, owner_keys: Sequence[str], credential_ids: Sequence[str]
) -> dict[str, str]:
    """Return the provider of each of these that is live and of one of these owners, and nothing else."""
    query = select(CredentialRow.id, CredentialRow.provider).where(
        col(CredentialRow.id).in_(credential_ids), *theirs(owner_keys)
    )
    return dict(session.exec(query).all())


def find_by_name(session: Session, owner_key: str, name_key: str) -> CredentialRow | None:
    return session.exec(_live([owner_key]).where(CredentialRow.name_key == name_key)).first()


def with_value(session: Session, owner_key: str, credential_id: str) -> CredentialRow | None:
    """Return a live credential with its ciphertext, as one state of it."""
    query = _live([owner_key]).where(CredentialRow.id == credential_id)
    # Rows of chains were read without, and cannot be asked for it afterwards.
    return session.exec(query.execution_options(populate_existing=True)).first()


def has_key_for(session: Session, owner_key: str, provider: str) -> bool:
    """Tell whether an owner has a live key for a provider, besides those of a rotation under way."""
    query = select(CredentialRow.id).where(
        CredentialRow.owner_key == owner_key,
        CredentialRow.provider == provider,
        col(CredentialRow.deleted_at).is_(None),
        *stands_alone(),
    )
    return session.exec(query.limit(1)).first() is not None


def stands_alone() -> tuple[Any, ...]:
    """Return the conditions for a key that is not half of a rotation: only such a one is counted."""
    return col(CredentialRow.replaces_id).is_(None), col(CredentialRow.replaced_by_id).is_(None)


def next_position(session: Session, owner_key: str, provider: str) -> int:
    query = select(func.max(CredentialRow.position)).where(
        CredentialRow.owner_key == owner_key,
        CredentialRow.provider == provider,
        col(CredentialRow.deleted_at).is_(None),
    )
    highest = session.exec(query).one()
    return 0 if highest is None else highest + 1


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


def theirs(owner_keys: Sequence[str]) -> tuple[Any, ...]:
    """Return the conditions that rows found by several ids are live and of these owners.

    Written so that no index of owners tempts the database away from that of the ids: SQLite would
    rather read all keys of the owner.
    """
    return func.coalesce(CredentialRow.owner_key, "").in_(owner_keys), col(CredentialRow.deleted_at).is_(None)


def escape_like(text: str) -> str:
    """Return text in which `%` and `_` stand for themselves in a LIKE pattern."""
    for special in (_LIKE_ESCAPE, "%", "_"):
        text = text.replace(special, _LIKE_ESCAPE + special)
    return text


def _live(owner_keys: Sequence[str]) -> Any:
    return select(CredentialRow).where(
        col(CredentialRow.owner_key).in_(owner_keys), col(CredentialRow.deleted_at).is_(None)
    )
