"""What admins decided about providers, as the screen and the API see it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from keyportal.domain.errors import InvalidInput
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.text import name_key, search_key
from keyportal.persistence import providers
from keyportal.persistence.providers import SealedTo
from keyportal.persistence.tables import ProviderRow
from keyportal.providers.base import Provider, destination_of
from keyportal.providers.registry import Registry
from keyportal.services.paging import PAGE_SIZES, Page, page_of, require_page, require_sort
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


@dataclass(frozen=True)
class DecisionFilter:
    """What the list is narrowed to. `state` is on, off, custom or moved; empty texts narrow nothing."""

    text: str = ""
    kind: str = ""
    state: str = ""


_ORDERS: dict[str, Callable[[DecisionView], Any]] = {
    "name": lambda view: name_key(view.name),
    "kind": lambda view: view.kind,
    "keys": lambda view: view.credential_count,
}
_STATES: dict[str, Callable[[DecisionView], bool]] = {
    "on": lambda view: view.enabled,
    "off": lambda view: not view.enabled,
    "custom": lambda view: view.is_custom,
    "moved": lambda view: view.is_moved or view.is_fixed,
}


def list_decisions(portal: Portal, principal: Principal) -> list[DecisionView]:
    """Return every provider by name, the disabled too, with what was decided about it."""
    principal.require(Permission.PROVIDERS_WRITE)
    with portal.database.reading() as session:
        rows = providers.provider_rows(session)
        sealed = providers.destinations(session)
        registry = portal.live_registry.deciding(rows)
        by_id = {row.id: row for row in rows}
        return [_view(portal, registry, p, by_id.get(p.id), sealed) for p in registry.all()]


def search_decisions(
    portal: Portal,
    principal: Principal,
    wanted: DecisionFilter | None = None,
    *,
    sort: str = "name",
    page: int = 1,
    size: int = PAGE_SIZES[-1],
) -> Page[DecisionView]:
    """Return one page of the providers that match. There are few: they are sorted and parted here."""
    wanted = wanted or DecisionFilter()
    column, downwards = require_sort(sort, _ORDERS)
    require_page(page, size)
    found = [view for view in list_decisions(portal, principal) if _matches(view, wanted)]
    found.sort(key=lambda view: name_key(view.name))
    found.sort(key=_ORDERS[column], reverse=downwards)
    return page_of(found[(page - 1) * size : page * size], len(found), page, size)


def decision_view(portal: Portal, session: Session, row: ProviderRow) -> DecisionView:
    """Return one provider as this row decides it."""
    registry = portal.live_registry.deciding(providers.provider_rows(session))
    return _view(portal, registry, registry.get(row.id), row, providers.destinations(session, row.id))


def fixed_by(registry: Registry, provider_id: str) -> str:
    """Return the operator's setting that holds a provider's address, or nothing."""
    return f"KEYPORTAL_BASE_URL_{provider_id.upper()}" if provider_id in registry.fixed else ""


def _matches(view: DecisionView, wanted: DecisionFilter) -> bool:
    text = search_key(wanted.text)
    if wanted.state and wanted.state not in _STATES:
        raise InvalidInput("A provider is on, off, custom or moved.", field="state")
    return (
        (not wanted.kind or view.kind == wanted.kind)
        and (not wanted.state or _STATES[wanted.state](view))
        and (text in name_key(view.name) or text in view.id)
    )


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
