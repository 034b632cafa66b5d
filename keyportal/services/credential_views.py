"""What the screen and the API see of a credential: every decision made, never the secret."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from keyportal.domain.checks import Outcome
from keyportal.domain.credentials import CredentialStatus, Ownership, status_of
from keyportal.domain.usage import HealthSource
from keyportal.persistence import credential_chains, credential_lists, links
from keyportal.persistence.credential_lists import FirstOfChain
from keyportal.persistence.tables import CredentialRow
from keyportal.services import stand_ins
from keyportal.services.chains import FAILED
from keyportal.services.portal import Portal
from keyportal.services.providers import initials_of
from keyportal.services.reported_health import reported_by
from keyportal.services.sealing import has_value, is_readable

# From so long before its expiry on a key is marked in lists.
EXPIRES_SOON = timedelta(days=14)
GENERAL_NAME = "General"


@dataclass(frozen=True)
class HealthView:
    """What the last test or report found; `outcome` is None before the first.

    `reported_by` is the agent key that says so, where it is a report.
    """

    outcome: str | None
    message: str
    checked_at: datetime | None
    latency_ms: int | None
    source: str = HealthSource.TEST
    reported_by: str = ""


@dataclass(frozen=True)
class CredentialView:
    """A stored key.

    Known in lists alone: `is_primary`, it is the one its owner's chain begins with; `has_waiting`, a new
    value waits to take its place; `instead`, while it fails and its owner agreed to another, a sentence for
    what is used; `steps_back`, that is another key; `stands_in`, it is used because others step back.

    `failing_until`: it was reported to fail, its owner agreed to another, and this is still to come.

    `replaces_id`: it waits to take that key's place. `replaced_by_id`: that one took its place.
    """

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
    # Counts the values this key has had.
    secret_version: int
    is_general: bool
    remind_at: datetime | None
    failover: bool
    expires_soon: bool
    reminder_due: bool
    replaces_id: str | None
    replaced_by_id: str | None
    failing_until: datetime | None = None
    notice: str = ""
    is_primary: bool = field(default=False, compare=False)
    has_waiting: bool = field(default=False, compare=False)
    instead: str = field(default="", compare=False)
    steps_back: bool = field(default=False, compare=False)
    stands_in: str = field(default="", compare=False)

    @property
    def health_source(self) -> str:
        return self.health.source


def credential_view(portal: Portal, row: CredentialRow, notice: str = "") -> CredentialView:
    provider = portal.providers.find(row.provider)
    provider_name = provider.name if provider else row.provider or GENERAL_NAME
    now = portal.clock.now()
    return CredentialView(
        id=row.id,
        ownership=row.ownership,
        provider=row.provider,
        provider_name=provider_name,
        provider_enabled=row.provider == "" or portal.providers.is_enabled(row.provider),
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
        secret_version=row.secret_version,
        is_general=row.provider == "",
        remind_at=row.remind_at,
        failover=row.failover,
        expires_soon=row.expires_at is not None and now < row.expires_at <= now + EXPIRES_SOON,
        reminder_due=row.remind_at is not None and row.remind_at <= now,
        replaces_id=row.replaces_id,
        replaced_by_id=row.replaced_by_id,
        failing_until=_failing_until(row, now),
        notice=notice,
    )


def credential_views(portal: Portal, session: Session, rows: Sequence[CredentialRow]) -> list[CredentialView]:
    """Return the views of one owner's rows with their marks: one query for all of each mark."""
    if not rows:
        return []
    firsts = _firsts(portal, session, rows)
    primaries = _primaries(portal, rows, firsts)
    waited_for = credential_chains.waiting_for(session, rows[0].owner_key, [row.id for row in rows])
    failing = [provider for provider, first in firsts.items() if first.fails]
    marks = stand_ins.marks_of(portal, session, rows, failing)
    return [
        replace(
            credential_view(portal, row),
            is_primary=row.id in primaries,
            has_waiting=row.id in waited_for,
            instead=marks.instead.get(row.id, ""),
            steps_back=row.id in marks.back,
            stands_in=marks.stands_in.get(row.id, ""),
        )
        for row in rows
    ]


def _firsts(portal: Portal, session: Session, rows: Sequence[CredentialRow]) -> dict[str, FirstOfChain]:
    """Return, by provider, what the chains begin with that these rows are bound or linked to."""
    owner_key, failed = rows[0].owner_key, [str(outcome) for outcome in FAILED]
    linked = links.providers_linked(session, owner_key, [row.id for row in rows])
    wanted = [*linked, *(row.provider for row in rows if row.provider)]
    return credential_lists.firsts_of_chains(session, owner_key, wanted, portal.clock.now(), failed)


def _primaries(portal: Portal, rows: Sequence[CredentialRow], firsts: Mapping[str, FirstOfChain]) -> set[str]:
    """Return the ids of those rows their chains begin with.

    A key that cannot be opened ends the search as it does in resolving: then none is primary.
    """
    ids = {first.id for first in firsts.values()}
    return {row.id for row in rows if row.id in ids and row_status(portal, row) is CredentialStatus.ACTIVE}


def row_status(portal: Portal, row: CredentialRow) -> CredentialStatus:
    return status_of(
        active=row.active,
        expires_at=row.expires_at,
        readable=is_readable(portal, row),
        now=portal.clock.now(),
        has_value=has_value(row),
    )


def is_system(row: CredentialRow) -> bool:
    return row.ownership == Ownership.SYSTEM


def _health_view(row: CredentialRow) -> HealthView:
    outcome = Outcome(row.health_outcome) if row.health_outcome else None
    return HealthView(
        outcome,
        row.health_message,
        row.health_checked_at,
        row.health_latency_ms,
        row.health_source,
        reported_by=reported_by(row),
    )


def _failing_until(row: CredentialRow, now: datetime) -> datetime | None:
    until = row.failing_until
    return until if row.failover and until is not None and until > now else None
