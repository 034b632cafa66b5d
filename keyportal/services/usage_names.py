"""What a used provider, key or agent key is called, whose it is, and where it is found. Never decrypts."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session

from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import usage
from keyportal.persistence.usage import AGENT_KEY, ENVIRONMENT_PREFIX, PROVIDER, NamedRow
from keyportal.providers.registry import Registry


@dataclass(frozen=True)
class Used:
    """`kind` is provider, key, environment, agent_key or command_line.

    `provider` is the id and `provider_name` the name of what a key or variable is for. `owner` is the email
    of somebody else whose it is. `place` and `place_id` say on which page it is found: provider, own_key,
    system_key, agent_key, person; empty where the principal has no page for it, or nothing is left of it.
    """

    id: str
    kind: str
    name: str
    mask: str = ""
    provider: str = ""
    provider_name: str = ""
    owner: str = ""
    is_system: bool = False
    is_deleted: bool = False
    place: str = ""
    place_id: str = ""


def names_of(
    providers: Registry, session: Session, principal: Principal, by: str, ids: Collection[str]
) -> dict[str, Used]:
    """Return what these ids stand for in a list by provider, key or agent key: all of them, the gone too."""
    if by == PROVIDER:
        return {one: _provider(providers, one) for one in ids}
    stored = sorted(one for one in ids if one and not one.startswith(ENVIRONMENT_PREFIX))
    if by == AGENT_KEY:
        agents = usage.agent_keys_named(session, stored)
        return {one: _agent_key(principal, one, agents.get(one)) for one in ids}
    keys = usage.keys_named(session, stored)
    return {one: _key(providers, principal, one, keys.get(one)) for one in ids}


def provider_name(providers: Registry, provider_id: str) -> str:
    provider = providers.find(provider_id)
    return provider.name if provider else provider_id


def _provider(providers: Registry, provider_id: str) -> Used:
    name = provider_name(providers, provider_id)
    is_known = providers.find(provider_id) is not None
    place = "provider" if is_known else ""
    return Used(provider_id, "provider", name, "", provider_id, name, place=place, place_id=provider_id)


def _key(providers: Registry, principal: Principal, key_id: str, row: NamedRow | None) -> Used:
    if key_id.startswith(ENVIRONMENT_PREFIX):
        provider = key_id.removeprefix(ENVIRONMENT_PREFIX)
        name = provider_name(providers, provider)
        return Used(key_id, "environment", "Environment variable", provider=provider, provider_name=name)
    if row is None:
        return Used(key_id, "key", "Deleted key", is_deleted=True)
    place, place_id = _place_of_key(principal, row)
    return Used(
        id=key_id,
        kind="key",
        name=row.name,
        mask=row.mask,
        provider=row.provider,
        provider_name=provider_name(providers, row.provider) if row.provider else "General key",
        owner=_owner(principal, row),
        is_system=row.owner_id is None,
        is_deleted=row.deleted_at is not None,
        place=place,
        place_id=place_id,
    )


def _agent_key(principal: Principal, agent_key_id: str, row: NamedRow | None) -> Used:
    if not agent_key_id:
        return Used("", "command_line", "Command line")
    if row is None:
        return Used(agent_key_id, "agent_key", "Deleted agent key", is_deleted=True)
    is_deleted, is_own = row.deleted_at is not None, row.owner_id == principal.user_id
    place = "" if is_deleted else "agent_key" if is_own else _place_of_person(principal)
    place_id = row.name if place == "agent_key" else (row.owner_id or "") if place else ""
    return Used(
        id=agent_key_id,
        kind="agent_key",
        name=row.name,
        mask=row.mask,
        owner=_owner(principal, row),
        is_deleted=is_deleted,
        place=place,
        place_id=place_id,
    )


def _place_of_key(principal: Principal, row: NamedRow) -> tuple[str, str]:
    if row.deleted_at is not None:
        return "", ""
    if row.owner_id is None:
        return ("system_key", row.id) if principal.can(Permission.SYSTEM_CREDENTIALS_READ) else ("", "")
    if row.owner_id == principal.user_id:
        return "own_key", row.id
    place = _place_of_person(principal)
    return place, row.owner_id if place else ""


def _place_of_person(principal: Principal) -> str:
    return "person" if principal.can(Permission.USERS_READ) else ""


def _owner(principal: Principal, row: NamedRow) -> str:
    return "" if row.owner_id in (None, principal.user_id) else row.owner_email or ""
