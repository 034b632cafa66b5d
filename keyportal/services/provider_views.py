"""What admins decided about providers, as the screen and the API see it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from keyportal.domain.errors import InvalidInput
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import providers
from keyportal.persistence.providers import SealedTo
from keyportal.persistence.tables import ProviderRow
from keyportal.providers.base import Provider, destination_of
from keyportal.providers.registry import Registry
from keyportal.services.portal import Portal
from keyportal.services.providers import initials_of


@dataclass(frozen=True)
class DecisionView:
    """One provider with what was decided about it.

    `address` is `base_url` with its places filled in where they have a usual value. `fixed_by` names
    the operator's setting where the address cannot be changed here. `is_moved`: an admin's address is
    in use; `default_base_url` is the one without it. `keys_to_reenter` of the `credential_count` saved
    keys are sealed to another address. `version` is 0 before a decision.
    """

    id: str
    name: str
    initials: str
    kind: str
    enabled: bool
    base_url: str
    address: str
    default_base_url: str
    is_custom: bool
    is_fixed: bool
    fixed_by: str
    is_moved: bool
    auth_style: str
    environment_names: tuple[str, ...]
    credential_count: int
    keys_to_reenter: int
    version: int
    notice: str = ""


def list_decisions(portal: Portal, principal: Principal) -> list[DecisionView]:
    """Return every provider by name, the disabled too, with what was decided about it."""
    principal.require(Permission.PROVIDERS_WRITE)
    with portal.database.reading() as session:
        rows = providers.provider_rows(session)
        sealed = providers.destinations(session)
        registry = portal.live_registry.deciding(rows)
        by_id = {row.id: row for row in rows}
        return [_view(portal, registry, p, by_id.get(p.id), sealed) for p in registry.all()]


def decision_view(portal: Portal, session: Session, row: ProviderRow) -> DecisionView:
    """Return one provider as this row decides it."""
    registry = portal.live_registry.deciding(providers.provider_rows(session))
    return _view(portal, registry, registry.get(row.id), row, providers.destinations(session, row.id))


def fixed_by(registry: Registry, provider_id: str) -> str:
    """Return the operator's setting that holds a provider's address, or nothing."""
    return f"KEYPORTAL_BASE_URL_{provider_id.upper()}" if provider_id in registry.fixed else ""


def _view(
    portal: Portal,
    registry: Registry,
    provider: Provider,
    row: ProviderRow | None,
    sealed: Sequence[SealedTo],
) -> DecisionView:
    default = portal.live_registry.base.find(provider.id)
    own = [keys for keys in sealed if keys.provider == provider.id]
    setting = fixed_by(registry, provider.id)
    return DecisionView(
        id=provider.id,
        name=provider.name,
        initials=initials_of(provider.name),
        kind=provider.kind,
        enabled=registry.is_enabled(provider.id),
        base_url=provider.base_url,
        address=provider.address({}),
        default_base_url=default.base_url if default else "",
        is_custom=provider.is_custom,
        is_fixed=bool(setting),
        fixed_by=setting,
        is_moved=default is not None and provider.base_url != default.base_url,
        auth_style=row.auth_style if row and provider.is_custom else "",
        environment_names=provider.environment_names,
        credential_count=sum(keys.count for keys in own),
        keys_to_reenter=sum(keys.count for keys in own if not _leads_there(provider, keys)),
        version=row.version if row else 0,
    )


def _leads_there(provider: Provider, keys: SealedTo) -> bool:
    """Tell whether keys are sealed to where their provider's address leads with their fields."""
    try:
        return destination_of(provider.address(keys.fields)) == keys.destination
    except InvalidInput:
        # A place of the address is not filled in: nothing says any more where they would go.
        return False
