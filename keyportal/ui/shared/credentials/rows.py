"""What the browser holds of a credential in the list: display values only."""

from dataclasses import dataclass
from datetime import datetime

from keyportal.services.credential_views import CredentialView, HealthView

# Found without a reply of the provider: there is no time to tell.
_WITHOUT_REPLY = frozenset({"", "unchecked", "unreachable", "region_or_endpoint_mismatch"})


@dataclass(frozen=True)
class CredentialRowView:
    """`mark` is what is unusual about a key, by its word in the theme: waits, waiting or retired.

    `reported_by` is the agent key whose report its health is. `instead` is a sentence for what is used
    while a key fails; if it `steps_back`, that is another key, and `back_until` when it comes in again, if
    that is known. `stands_in` is a sentence for the key it is used in place of.
    """

    id: str
    provider: str
    provider_name: str
    provider_enabled: bool
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
    is_primary: bool
    can_be_primary: bool
    can_rotate: bool
    is_general: bool
    expires_soon: bool
    reminder_due: bool
    mark: str
    reported_by: str = ""
    back_until: str = ""
    instead: str = ""
    steps_back: bool = False
    stands_in: str = ""


def row_view(view: CredentialView) -> CredentialRowView:
    return CredentialRowView(
        id=view.id,
        provider=view.provider,
        provider_name=view.provider_name,
        provider_enabled=view.provider_enabled,
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
        is_primary=view.is_primary,
        can_be_primary=view.status == "active" and not view.is_primary and not view.is_general,
        can_rotate=view.replaces_id is None and view.replaced_by_id is None,
        is_general=view.is_general,
        expires_soon=view.expires_soon,
        reminder_due=view.reminder_due,
        mark=mark_of(view),
        reported_by=view.health.reported_by,
        back_until=back_until(view),
        instead=view.instead,
        steps_back=view.steps_back,
        stands_in=view.stands_in,
    )


def mark_of(view: CredentialView) -> str:
    """Return where a key stands in a rotation, or nothing."""
    if view.replaces_id is not None:
        return "waits"
    if view.has_waiting:
        return "waiting"
    return "retired" if view.replaced_by_id is not None else ""


def back_until(view: CredentialView) -> str:
    """Return until when a key steps back, or nothing: it is used all the same, or until a test of it."""
    return iso(view.failing_until) if view.steps_back else ""


def health_latency(outcome: str, latency_ms: int | None) -> str:
    """Return how long the provider took, or nothing where it did not answer."""
    return "" if latency_ms is None or outcome in _WITHOUT_REPLY else f"Answered in {latency_ms} ms."


def iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _latency(health: HealthView) -> str:
    return health_latency(health.outcome or "", health.latency_ms)
