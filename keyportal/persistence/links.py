"""Queries for what stored keys are linked to. Every one takes the owner, of the link and of its key."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from keyportal.persistence.tables import CredentialLinkRow, CredentialRow


def links_of(session: Session, owner_key: str, credential_id: str) -> Sequence[CredentialLinkRow]:
    """Return the links of one live key, oldest first."""
    query = _live([owner_key]).where(CredentialLinkRow.credential_id == credential_id)
    return session.exec(query).all()


def providers_linked(session: Session, owner_key: str, credential_ids: Sequence[str]) -> list[str]:
    """Return the providers to all of which any of these keys of one owner is linked."""
    query = select(CredentialLinkRow.provider).where(
        CredentialLinkRow.owner_key == owner_key,
        col(CredentialLinkRow.credential_id).in_(credential_ids),
        CredentialLinkRow.model_pattern == "",
    )
    return list(session.exec(query.distinct()).all())


def find_link(session: Session, owner_key: str, credential_id: str, link_id: str) -> CredentialLinkRow | None:
    """Return a link of a live key of this owner: missing and not-yours are the same None."""
    query = _live([owner_key]).where(
        CredentialLinkRow.credential_id == credential_id, CredentialLinkRow.id == link_id
    )
    return session.exec(query).first()


def count_links(session: Session, credential_id: str) -> int:
    query = select(func.count()).where(CredentialLinkRow.credential_id == credential_id)
    return session.exec(query).one()


def delete_links_of(session: Session, credential_id: str) -> None:
    session.exec(delete(CredentialLinkRow).where(col(CredentialLinkRow.credential_id) == credential_id))


def delete_links_to(session: Session, provider: str) -> None:
    session.exec(delete(CredentialLinkRow).where(col(CredentialLinkRow.provider) == provider))


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
