"""Queries for what stored keys are linked to. Every one takes the owner, of the link and of its key."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from keyportal.persistence.tables import CredentialLinkRow, CredentialRow


def links_of(session: Session, owner_key: str, credential_id: str) -> Sequence[CredentialLinkRow]:
    """Return the links of one live key, oldest first."""
    query = _live([owner_key]).where(CredentialLinkRow.credential_id == credential_id)
    return session.exec(query).all()


def links_to(
    session: Session, owner_keys: Sequence[str], provider: str
) -> dict[str, list[CredentialLinkRow]]:
    """Return the links of these owners' live keys to one provider, by owner, oldest first."""
    found: defaultdict[str, list[CredentialLinkRow]] = defaultdict(list)
    for link in session.exec(_live(owner_keys).where(CredentialLinkRow.provider == provider)):
        found[link.owner_key].append(link)
    return found


def links_by_provider(
    session: Session, owner_keys: Sequence[str]
) -> dict[tuple[str, str], list[CredentialLinkRow]]:
    """Return all links of these owners' live keys in one query, by owner and provider, oldest first."""
    found: defaultdict[tuple[str, str], list[CredentialLinkRow]] = defaultdict(list)
    for link in session.exec(_live(owner_keys)):
        found[link.owner_key, link.provider].append(link)
    return found


def find_link(session: Session, owner_key: str, credential_id: str, link_id: str) -> CredentialLinkRow | None:
    """Return a link of a live key of this owner: missing and not-yours are the same None."""
    query = _live([owner_key]).where(
        CredentialLinkRow.credential_id == credential_id, CredentialLinkRow.id == link_id
    )
    return session.exec(query).first()


def keys_behind(
    session: Session, owner_key: str, linked: Sequence[CredentialLinkRow]
) -> Sequence[CredentialRow]:
    """Return this owner's live keys that links lead to."""
    wanted = {link.credential_id for link in linked}
    if not wanted:
        return []
    query = select(CredentialRow).where(
        col(CredentialRow.id).in_(sorted(wanted)),
        CredentialRow.owner_key == owner_key,
        col(CredentialRow.deleted_at).is_(None),
    )
    return session.exec(query).all()


def count_links(session: Session, credential_id: str) -> int:
    query = select(func.count()).where(CredentialLinkRow.credential_id == credential_id)
    return session.exec(query).one()


def delete_links_of(session: Session, credential_id: str) -> None:
    session.exec(delete(CredentialLinkRow).where(col(CredentialLinkRow.credential_id) == credential_id))


def delete_links_to(session: Session, provider: str) -> None:
    session.exec(delete(CredentialLinkRow).where(col(CredentialLinkRow.provider) == provider))


def hand_over_links(session: Session, credential_id: str, owner_key: str) -> None:
    """Give a key's links to its new owner. Without this they count for nobody any more."""
    session.exec(
        update(CredentialLinkRow)
        .where(col(CredentialLinkRow.credential_id) == credential_id)
        .values(owner_key=owner_key)
    )


def _live(owner_keys: Sequence[str]) -> Any:
    return (
        select(CredentialLinkRow)
        .join(CredentialRow, col(CredentialRow.id) == col(CredentialLinkRow.credential_id))
        .where(
            col(CredentialLinkRow.owner_key).in_(owner_keys),
            col(CredentialRow.owner_key) == col(CredentialLinkRow.owner_key),
            col(CredentialRow.deleted_at).is_(None),
        )
        .order_by(col(CredentialLinkRow.created_at), col(CredentialLinkRow.id))
    )
