"""What admins decide about providers: on or off, another address, a provider of their own.

A saved key is sealed to its address and never follows: after a move its value is entered again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.errors import InvalidInput, NotFound, ProviderInUse, VersionConflict
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import links, providers
from keyportal.persistence.engine import take_lock
from keyportal.persistence.tables import ProviderRow
from keyportal.providers.base import origin_of
from keyportal.providers.custom import AuthStyle, require_base_url
from keyportal.providers.registry import Registry
from keyportal.services import audit
from keyportal.services.acting import acting
from keyportal.services.portal import Portal
from keyportal.services.provider_names import require_environment_names, require_free_id, require_free_name
from keyportal.services.provider_views import DecisionView, decision_view, fixed_by
from keyportal.services.registry import is_shadowed

_DECISION_LOCK = 742011
MOST_CUSTOM = 100
_ID = re.compile(r"[a-z0-9_]{1,40}")


@dataclass(frozen=True)
class NewProvider:
    name: str
    base_url: str
    auth_style: str = AuthStyle.BEARER
    environment_names: Sequence[str] = ()


@dataclass(frozen=True)
class ProviderEdit:
    """What to change; None leaves a part as it is. `version` is the one the editor saw, if known.

    An empty `base_url` goes back to the catalogue's address. The last three are for custom providers.
    """

    version: int | None = None
    enabled: bool | None = None
    base_url: str | None = None
    name: str | None = None
    auth_style: str | None = None
    environment_names: Sequence[str] | None = None


def set_enabled(
    portal: Portal, principal: Principal, provider_id: str, enabled: bool, version: int | None = None
) -> DecisionView:
    """Turn a provider on or off. Its keys stay. Raises NotFound, VersionConflict."""
    return update(portal, principal, provider_id, ProviderEdit(version, enabled=enabled))


def update(portal: Portal, principal: Principal, provider_id: str, edit: ProviderEdit) -> DecisionView:
    """Decide about a provider. Raises NotFound, InvalidInput, NameTaken, VersionConflict."""
    principal.require(Permission.PROVIDERS_WRITE)
    with acting(portal, principal) as session:
        rows, registry = _read_locked(portal, session)
        row = _require_row(portal, rows, registry, provider_id)
        if edit.version is not None and edit.version != row.version:
            raise VersionConflict
        wanted = _wanted_columns(portal, rows, registry, row, edit)
        changed = [name for name, value in wanted.items() if getattr(row, name) != value]
        if changed:
            for name in changed:
                setattr(row, name, wanted[name])
            _store(portal, session, row)
            _record(portal, session, principal, Action.PROVIDER_UPDATE, row, changed=changed)
        view = decision_view(portal, session, row)
    portal.live_registry.forget()
    return replace(view, notice=_notice(view)) if "base_url" in changed else view


def add_custom(portal: Portal, principal: Principal, new: NewProvider) -> DecisionView:
    """Add a provider at an address of the admin's. Raises InvalidInput, NameTaken."""
    principal.require(Permission.PROVIDERS_WRITE)
    with acting(portal, principal) as session:
        rows, registry = _read_locked(portal, session)
        if sum(row.is_custom for row in rows) >= MOST_CUSTOM:
            raise InvalidInput(f"There are {MOST_CUSTOM} added providers already. Delete one first.")
        name = require_free_name(registry, new.name)
        row = ProviderRow(
            id=require_free_id(registry, rows, name),
            is_custom=True,
            name=name,
            base_url=_require_address(new.base_url),
            auth_style=_require_auth_style(new.auth_style),
            environment_names=require_environment_names(portal, rows, new.environment_names),
            created_at=portal.clock.now(),
            updated_at=portal.clock.now(),
            version=0,
        )
        _store(portal, session, row)
        _record(portal, session, principal, Action.PROVIDER_CREATE, row)
        view = decision_view(portal, session, row)
    portal.live_registry.forget()
    return replace(view, notice=_notice(view))


def delete_custom(portal: Portal, principal: Principal, provider_id: str, version: int | None = None) -> None:
    """Take a provider of the admins' away. Raises NotFound, InvalidInput, ProviderInUse, VersionConflict."""
    principal.require(Permission.PROVIDERS_WRITE)
    with acting(portal, principal) as session:
        row = _require_custom_row(portal, session, provider_id)
        if version is not None and version != row.version:
            raise VersionConflict
        count = providers.credential_counts(session).get(row.id, 0)
        # Of an id that the catalogue has by now, the keys are the catalogue's.
        if count and not is_shadowed(portal.live_registry.base, row):
            keys = "key" if count == 1 else "keys"
            raise ProviderInUse(f"Delete or move its {count} {keys} first, or turn it off.")
        if not is_shadowed(portal.live_registry.base, row):
            # Another provider may be given this id one day.
            links.delete_links_to(session, row.id)
        providers.delete_provider_row(session, row.id)
        _record(portal, session, principal, Action.PROVIDER_DELETE, row)
    portal.live_registry.forget()


def _read_locked(portal: Portal, session: Session) -> tuple[list[ProviderRow], Registry]:
    """Return all decisions as they stay until the commit: of two admins, one comes second."""
    take_lock(session, _DECISION_LOCK)
    rows = list(providers.provider_rows(session))
    return rows, portal.live_registry.deciding(rows)


def _require_row(
    portal: Portal, rows: Sequence[ProviderRow], registry: Registry, provider_id: str
) -> ProviderRow:
    """Return the row of a known provider, a new one before the first decision. Raises NotFound."""
    provider = registry.find(provider_id) if _ID.fullmatch(provider_id) else None
    if provider is None:
        raise NotFound
    found = next((row for row in rows if row.id == provider.id), None)
    if found is not None and is_shadowed(portal.live_registry.base, found):
        # What was decided about a provider that is ignored does not pass to the catalogue's.
        found.is_custom, found.enabled, found.environment_names = False, True, []
        found.base_url = found.name = found.auth_style = ""
    now = portal.clock.now()
    return found or ProviderRow(id=provider.id, created_at=now, updated_at=now, version=0)


def _require_custom_row(portal: Portal, session: Session, provider_id: str) -> ProviderRow:
    """Return an added provider's row, even one that nobody can read. Raises NotFound, InvalidInput."""
    rows, registry = _read_locked(portal, session)
    row = next((row for row in rows if row.id == provider_id and row.is_custom), None)
    if row is not None:
        return row
    _require_row(portal, rows, registry, provider_id)
    raise InvalidInput("A provider of the catalogue cannot be deleted. Turn it off instead.")


def _wanted_columns(
    portal: Portal, rows: Sequence[ProviderRow], registry: Registry, row: ProviderRow, edit: ProviderEdit
) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if edit.enabled is not None:
        wanted["enabled"] = edit.enabled
    if edit.base_url is not None:
        wanted["base_url"] = _wanted_address(portal, registry, row, edit.base_url)
    for name in ("name", "auth_style", "environment_names"):
        if getattr(edit, name) is not None and not row.is_custom:
            raise InvalidInput("Only a provider that an admin added has this to change.", field=name)
    if edit.name is not None:
        wanted["name"] = require_free_name(registry, edit.name, but=row.id)
    if edit.auth_style is not None:
        wanted["auth_style"] = _require_auth_style(edit.auth_style)
    if edit.environment_names is not None:
        others = [other for other in rows if other.id != row.id]
        wanted["environment_names"] = require_environment_names(portal, others, edit.environment_names)
    return wanted


def _wanted_address(portal: Portal, registry: Registry, row: ProviderRow, typed: str) -> str:
    if setting := fixed_by(registry, row.id):
        raise InvalidInput(
            f"The operator set this address with {setting}. Change it there and start the server again.",
            field="base_url",
        )
    if row.is_custom:
        return _require_address(typed)
    default = portal.live_registry.base.get(row.id).base_url
    typed = typed.strip()
    return "" if not typed or typed.rstrip("/") == default.rstrip("/") else _require_address(typed)


def _require_address(typed: str) -> str:
    """Return a usable address. Which networks it may lead to is the guarded client's to say."""
    typed = typed.strip()
    if not typed:
        raise InvalidInput("Give the address, such as https://llm.example.com/v1.", field="base_url")
    return require_base_url(typed)


def _require_auth_style(typed: str) -> str:
    if typed not in set(AuthStyle):
        raise InvalidInput(f"Choose one of {', '.join(AuthStyle)}.", field="auth_style")
    return str(AuthStyle(typed))


def _notice(view: DecisionView) -> str:
    """Say what follows from an address."""
    said = []
    if count := view.keys_to_reenter:
        keys = "key has" if count == 1 else "keys have"
        said.append(
            f"{count} {keys} to be entered again: a saved key is sealed to its address, and programs get it"
            " for that one until then."
        )
    if view.base_url.lower().startswith("http://"):
        said.append("This address is not encrypted: keys travel to it in the clear.")
    return " ".join(said)


def _store(portal: Portal, session: Session, row: ProviderRow) -> None:
    row.version += 1
    row.updated_at = portal.clock.now()
    session.add(row)
    session.flush()


def _record(
    portal: Portal,
    session: Session,
    principal: Principal,
    action: Action,
    row: ProviderRow,
    changed: list[str] | None = None,
) -> None:
    audit.record(
        portal,
        session,
        principal,
        action,
        object_id=row.id,
        object_label=row.name if row.is_custom else portal.live_registry.base.get(row.id).name,
        provider=row.id,
        enabled=row.enabled,
        # The origin alone: what follows it may hold what somebody pasted by mistake.
        destination=_origin_or_none(row.base_url),
        changed=changed,
    )


def _origin_or_none(base_url: str) -> str | None:
    try:
        return origin_of(base_url) if base_url else None
    except InvalidInput:
        # Written by hand: what it says is nobody's address.
        return None
