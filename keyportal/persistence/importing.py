"""Queries for importing and exporting keys: the names in use, and all rows of an owner in batches."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import insert, or_
from sqlalchemy.orm import defer
from sqlmodel import Session, SQLModel, and_, col, func, select

from keyportal.persistence.tables import CredentialRow

# When a key was made, and its id: where one batch ends and the next begins.
Place = tuple[datetime, str]
# Databases take only so many values in one statement.
_AT_ONCE = 500


def holders_of(session: Session, owner_key: str, name_keys: Iterable[str]) -> dict[str, CredentialRow]:
    """Return the live keys that have these names, by name, without their ciphertext."""
    wanted, found = sorted(set(name_keys)), dict[str, CredentialRow]()
    for start in range(0, len(wanted), _AT_ONCE):
        query = _live(owner_key).where(col(CredentialRow.name_key).in_(wanted[start : start + _AT_ONCE]))
        found |= {row.name_key: row for row in session.exec(query)}
    return found


def add_credentials(session: Session, rows: Sequence[CredentialRow]) -> None:
    """Insert new keys in one statement. The rows stay outside of the session: nobody waits for its upkeep."""
    table = SQLModel.metadata.tables["credentials"]
    if rows:
        names = table.columns.keys()
        session.connection().execute(insert(table), [{n: getattr(row, n) for n in names} for row in rows])


def names_of(session: Session, owner_key: str) -> set[str]:
    """Return the names of all live keys of an owner, in the form they are compared in."""
    query = select(CredentialRow.name_key).where(CredentialRow.owner_key == owner_key)
    return set(session.exec(query.where(col(CredentialRow.deleted_at).is_(None))).all())


def providers_with_a_key(session: Session, owner_key: str) -> set[str]:
    """Return the providers an owner has a live key for, besides those of a rotation under way."""
    query = (
        select(CredentialRow.provider)
        .where(
            CredentialRow.owner_key == owner_key,
            col(CredentialRow.deleted_at).is_(None),
            col(CredentialRow.replaces_id).is_(None),
            col(CredentialRow.replaced_by_id).is_(None),
        )
        .distinct()
    )
    return set(session.exec(query).all())


def count_live(session: Session, owner_key: str) -> int:
    query = select(func.count()).select_from(CredentialRow)
    return session.exec(
        query.where(CredentialRow.owner_key == owner_key, col(CredentialRow.deleted_at).is_(None))
    ).one()


def batch_after(session: Session, owner_key: str, after: Place | None, size: int) -> Sequence[CredentialRow]:
    """Return the next of an owner's live keys, oldest first, without their ciphertext."""
    query = _live(owner_key).order_by(col(CredentialRow.created_at), col(CredentialRow.id)).limit(size)
    return session.exec(query.where(_behind(after)) if after else query).all()


def _behind(place: Place) -> Any:
    created, row_id = col(CredentialRow.created_at), col(CredentialRow.id)
    return or_(created > place[0], and_(created == place[0], row_id > place[1]))


def _live(owner_key: str) -> Any:
    return (
        select(CredentialRow)
        .options(defer(cast(Any, CredentialRow.sealed), raiseload=True))
        .where(CredentialRow.owner_key == owner_key, col(CredentialRow.deleted_at).is_(None))
    )
