"""Queries for the order of an owner's keys, and for keys that take another's place."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, func, update
from sqlmodel import Session, col, select

from keyportal.persistence.credentials import theirs
from keyportal.persistence.tables import CredentialLinkRow, CredentialRow

# With a second number for the chain: those locks are apart from the ones of a single number.
END_LOCK = 742023


def lock_chain(session: Session, owner_key: str, provider: str) -> list[tuple[str, int]]:
    """Return the ids and positions of a chain in its order, locked until the transaction ends.

    Locked by id first, in one order for everybody; what the order is by then is read afterwards.
    """
    query = select(CredentialRow.id).where(*_of_chain(owner_key, provider))
    session.exec(query.order_by(col(CredentialRow.id)).with_for_update()).all()
    return in_order(session, owner_key, provider)


def lock_end(session: Session, owner_key: str, provider: str) -> None:
    """Let two keys come last in a chain one after the other, also in one that is empty so far."""
    if session.get_bind().dialect.name == "postgresql":
        chain = func.hashtext(f"{owner_key} {provider}")
        session.execute(select(func.pg_advisory_xact_lock(END_LOCK, chain)))


def in_order(
    session: Session, owner_key: str, provider: str, limit: int | None = None
) -> list[tuple[str, int]]:
    query = select(CredentialRow.id, CredentialRow.position).where(*_of_chain(owner_key, provider))
    query = query.order_by(
        col(CredentialRow.position), col(CredentialRow.created_at), col(CredentialRow.id)
    ).limit(limit)
    return [(row[0], row[1]) for row in session.exec(query)]


def count_chain(session: Session, owner_key: str, provider: str) -> int:
    query = select(func.count()).select_from(CredentialRow).where(*_of_chain(owner_key, provider))
    return session.exec(query).one()


def write_positions(session: Session, before: Sequence[tuple[str, int]], wanted: Sequence[str]) -> None:
    """Number a chain in the wanted order; rows that stay where they are are not touched."""
    was = dict(before)
    moved = [{"key": one, "to": to} for to, one in enumerate(wanted) if was.get(one) != to]
    if moved:
        table = CredentialRow.__table__  # pyright: ignore[reportAttributeAccessIssue]
        numbered = update(table).where(table.c.id == bindparam("key")).values(position=bindparam("to"))
        session.connection().execute(numbered, moved)


def waiting_for(session: Session, owner_key: str, credential_ids: Sequence[str]) -> dict[str, str]:
    """Return, by the id of a key, the id of the one that waits to take its place."""
    if not credential_ids:
        return {}
    query = select(CredentialRow.replaces_id, CredentialRow.id).where(
        col(CredentialRow.replaces_id).in_(credential_ids), *theirs([owner_key])
    )
    return {replaced: waiting for replaced, waiting in session.exec(query) if replaced}


def forget_waiting(session: Session, credential_id: str) -> None:
    """Let a key that waited for the place of a deleted one stand on its own."""
    session.exec(
        update(CredentialRow)
        .where(col(CredentialRow.replaces_id) == credential_id, col(CredentialRow.deleted_at).is_(None))
        .values(replaces_id=None)
    )


def forget_successor(session: Session, owner_key: str, credential_id: str) -> None:
    """Let a key that was rotated out stand on its own once the one that took its place is gone."""
    session.exec(
        update(CredentialRow)
        .where(col(CredentialRow.replaced_by_id) == credential_id, *theirs([owner_key]))
        .values(replaced_by_id=None)
    )


def pass_on_links(session: Session, from_id: str, to_id: str, without: Sequence[str] = ()) -> None:
    """Give the links of one key, but for these, to another of the same owner."""
    session.exec(
        update(CredentialLinkRow)
        .where(
            col(CredentialLinkRow.credential_id) == from_id, col(CredentialLinkRow.id).not_in(list(without))
        )
        .values(credential_id=to_id)
    )


def _of_chain(owner_key: str, provider: str) -> tuple[Any, ...]:
    return (
        CredentialRow.owner_key == owner_key,
        CredentialRow.provider == provider,
        col(CredentialRow.deleted_at).is_(None),
    )
