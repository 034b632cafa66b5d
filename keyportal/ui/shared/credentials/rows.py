"""What the browser holds of a credential and of the form: display values only."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from keyportal.domain.errors import InvalidInput
from keyportal.services.checks import CheckView
from keyportal.services.credential_views import CredentialView, HealthView
from keyportal.services.providers import ProviderView

# Found without a reply of the provider: there is no time to tell.
_WITHOUT_REPLY = frozenset({"", "unchecked", "unreachable", "region_or_endpoint_mismatch"})


@dataclass(frozen=True)
class CredentialRowView:
    id: str
    provider_name: str
    initials: str
    name: str
    mask: str
    active: bool
    status: str
    environment: str
    health: str
    health_message: str
    checked_at: str
    latency: str
    usage_count: str
    last_used_at: str
    created_at: str
    expires_at: str


@dataclass(frozen=True)
class ProviderChoice:
    """A provider in the form: what to show beside the key, and the fields it needs."""

    id: str = ""
    name: str = ""
    console_url: str = ""
    how_to: str = ""


@dataclass(frozen=True)
class FieldRow:
    name: str
    input_id: str
    label: str
    help: str
    required: bool
    value: str


@dataclass(frozen=True)
class CredentialForm:
    """What the open form starts with. `id` is empty for a new key. Holds no secret."""

    id: str = ""
    version: int = 0
    name: str = ""
    mask: str = ""
    note: str = ""
    environment: str = ""
    expires_on: str = ""


def row_view(view: CredentialView) -> CredentialRowView:
    return CredentialRowView(
        id=view.id,
        provider_name=view.provider_name,
        initials=view.initials,
        name=view.name,
        mask=view.mask,
        active=view.active,
        status=view.status,
        environment=view.environment,
        health=view.health.outcome or "unchecked",
        health_message=view.health.message,
        checked_at=iso(view.health.checked_at),
        latency=_latency(view.health),
        usage_count=f"{view.usage_count:,}",
        last_used_at=iso(view.last_used_at),
        created_at=iso(view.created_at),
        expires_at=iso(view.expires_at),
    )


def told_of(found: CheckView) -> str:
    """Return the sentence for a finished check, with the time if the provider answered."""
    return found.message if found.http_status is None else f"{found.message} ({found.latency_ms} ms)"


def _latency(health: HealthView) -> str:
    if health.latency_ms is None or (health.outcome or "") in _WITHOUT_REPLY:
        return ""
    return f"Answered in {health.latency_ms} ms."


def form_of(view: CredentialView) -> CredentialForm:
    return CredentialForm(
        id=view.id,
        version=view.version,
        name=view.name,
        mask=view.mask,
        note=view.note,
        environment=view.environment,
        expires_on=view.expires_at.date().isoformat() if view.expires_at else "",
    )


def choice_of(provider: ProviderView) -> ProviderChoice:
    return ProviderChoice(provider.id, provider.name, provider.console_url, provider.how_to)


def field_rows(provider: ProviderView, values: dict[str, str]) -> list[FieldRow]:
    return [
        FieldRow(f.name, f"field-{f.name}", f.label, f.help, f.required, values.get(f.name, ""))
        for f in provider.fields
    ]


def iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def expiry_of(typed: str) -> datetime | None:
    """Return the first moment of the day typed, in UTC. Raises InvalidInput."""
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise InvalidInput("Give the day as 2027-01-31.", field="expires_on") from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
