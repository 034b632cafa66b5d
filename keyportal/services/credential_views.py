"""What the screen and the API see of a credential: every decision made, never the secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from keyportal.domain.checks import Outcome
from keyportal.domain.credentials import CredentialStatus, Ownership, status_of
from keyportal.persistence.tables import CredentialRow
from keyportal.services.portal import Portal
from keyportal.services.providers import initials_of
from keyportal.services.sealing import is_readable


@dataclass(frozen=True)
class HealthView:
    """The last check's outcome; `outcome` is None before the first."""

    outcome: str | None
    message: str
    checked_at: datetime | None
    latency_ms: int | None


@dataclass(frozen=True)
class CredentialView:
    id: str
    ownership: str
    provider: str
    provider_name: str
    provider_enabled: bool
    initials: str
    name: str
    mask: str
    active: bool
    status: str
    position: int
    fields: Mapping[str, str]
    secret_fields: tuple[str, ...]
    note: str
    environment: str
    expires_at: datetime | None
    health: HealthView
    usage_count: int
    last_used_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    notice: str = ""


def credential_view(portal: Portal, row: CredentialRow, notice: str = "") -> CredentialView:
    provider = portal.providers.find(row.provider)
    provider_name = provider.name if provider else row.provider
    return CredentialView(
        id=row.id,
        ownership=row.ownership,
        provider=row.provider,
        provider_name=provider_name,
        provider_enabled=portal.providers.is_enabled(row.provider),
        initials=initials_of(provider_name),
        name=row.name,
        mask=row.mask,
        active=row.active,
        status=row_status(portal, row),
        position=row.position,
        fields=dict(row.fields),
        secret_fields=tuple(row.secret_fields),
        note=row.note,
        environment=row.environment,
        expires_at=row.expires_at,
        health=_health_view(row),
        usage_count=row.usage_count,
        last_used_at=row.last_used_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        notice=notice,
    )


def row_status(portal: Portal, row: CredentialRow) -> CredentialStatus:
    return status_of(
        active=row.active,
        expires_at=row.expires_at,
        readable=is_readable(portal, row),
        now=portal.clock.now(),
    )


def is_system(row: CredentialRow) -> bool:
    return row.ownership == Ownership.SYSTEM


def _health_view(row: CredentialRow) -> HealthView:
    outcome = Outcome(row.health_outcome) if row.health_outcome else None
    return HealthView(outcome, row.health_message, row.health_checked_at, row.health_latency_ms)
