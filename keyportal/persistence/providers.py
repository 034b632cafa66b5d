"""Queries for what admins decided about providers, and for whose keys a decision touches."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Text, delete, func
from sqlalchemy import cast as sql_cast
from sqlmodel import Session, col, select

from keyportal.persistence.tables import CredentialRow, ProviderRow


@dataclass(frozen=True)
class SealedTo:
    """How many live credentials of a provider, with these fields, are sealed to one destination."""

    provider: str
    destination: str
    fields: Mapping[str, str]
    count: int


def provider_rows(session: Session) -> Sequence[ProviderRow]:
    return session.exec(select(ProviderRow).order_by(col(ProviderRow.id))).all()


def delete_provider_row(session: Session, provider_id: str) -> None:
    session.exec(delete(ProviderRow).where(col(ProviderRow.id) == provider_id))


def credential_counts(session: Session) -> dict[str, int]:
    """Return how many live credentials each provider has; one without any is not in it."""
    query = (
        select(CredentialRow.provider, func.count())
        .where(col(CredentialRow.deleted_at).is_(None))
        .group_by(col(CredentialRow.provider))
    )
    return dict(session.exec(query).all())


def destinations(session: Session, provider_id: str | None = None) -> list[SealedTo]:
    """Return where the live credentials of all providers, or of one, are sealed to."""
    # As text: PostgreSQL compares no two values of type JSON.
    fields = sql_cast(col(CredentialRow.fields), Text)
    query = (
        select(CredentialRow.provider, CredentialRow.destination, fields, func.count())
        .where(col(CredentialRow.deleted_at).is_(None))
        .group_by(col(CredentialRow.provider), col(CredentialRow.destination), fields)
    )
    if provider_id is not None:
        query = query.where(CredentialRow.provider == provider_id)
    return [SealedTo(name, to, json.loads(text), count) for name, to, text, count in session.exec(query)]
