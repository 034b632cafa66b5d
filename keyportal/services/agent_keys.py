"""Agent keys: made once and shown once, listed, renamed, revoked, deleted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from keyportal.domain.agent_keys import AgentKeyStatus
from keyportal.domain.audit import Action
from keyportal.domain.errors import InvalidInput, NotFound, VersionConflict
from keyportal.domain.policies import Policies
from keyportal.domain.principals import Permission, Principal, PrincipalKind, Role, Scope
from keyportal.domain.text import is_row_id, name_key, require_name, search_key
from keyportal.persistence import agent_keys, users
from keyportal.persistence.agent_keys import SORTS, AgentKeyFilter
from keyportal.persistence.tables import AgentKeyRow
from keyportal.services.acting import acting
from keyportal.services.agent_key_rows import (
    AgentKeyView,
    IssuedAgentKey,
    agent_key_view,
    new_row,
    owner_of,
    record,
    require_room,
    require_row,
    require_scopes,
    store,
)
from keyportal.services.paging import PAGE_SIZES, Page, page_of, require_page, require_sort
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal

# As many as a page of the list can show.
MOST = max(PAGE_SIZES)


@dataclass(frozen=True)
class NewAgentKey:
    """Without a lifetime and a moment it expires at, it lives as long as the policy says.

    `for_email` lets an operator make a key for a person; everybody else makes their own.
    """

    name: str
    scopes: Sequence[str] = (Scope.RESOLVE,)
    lifetime: timedelta | None = None
    expires_at: datetime | None = None
    for_email: str | None = None


@dataclass(frozen=True)
class Lifetimes:
    """How long a new agent key lives unless said otherwise, and at most, in days."""

    usual_days: int
    longest_days: int


def search(
    portal: Portal,
    principal: Principal,
    wanted: AgentKeyFilter | None = None,
    *,
    sort: str = "-created",
    page: int = 1,
    size: int = PAGE_SIZES[0],
) -> Page[AgentKeyView]:
    """Return one page of the principal's agent keys."""
    principal.require(Permission.AGENT_KEYS_READ)
    require_page(page, size)
    order, wanted = require_sort(sort, SORTS), _require_filter(wanted or AgentKeyFilter())
    with portal.database.reading() as session:
        rows, total = agent_keys.search_agent_keys(
            session,
            owner_of(principal),
            wanted,
            now=portal.clock.now(),
            order=order,
            offset=(page - 1) * size,
            limit=size,
        )
        items = [agent_key_view(portal, row) for row in rows]
    return page_of(items, total, page, size)


def lifetimes(portal: Portal, principal: Principal) -> Lifetimes:
    """Return what the policies say about the lifetime of a new agent key."""
    principal.require(Permission.AGENT_KEYS_READ)
    with portal.database.reading() as session:
        policies = policies_in(session)
    return Lifetimes(policies.agent_key_days, policies.agent_key_longest_days)


def create(portal: Portal, principal: Principal, new: NewAgentKey) -> IssuedAgentKey:
    """Issue a token. Raises InvalidInput, NameTaken, NotFound, and Forbidden for a scope out of reach."""
    principal.require(Permission.AGENT_KEYS_WRITE)
    name, scopes = require_name(new.name), require_scopes(principal, new.scopes)
    with acting(portal, principal) as session:
        lifetime = _require_lifetime(policies_in(session), _wanted_lifetime(portal, new))
        user_id = _owner_of_new(session, principal, new)
        require_room(session, user_id)
        row, token = new_row(
            portal,
            user_id=user_id,
            name=name,
            scopes=scopes,
            created_by=principal.email or principal.label,
            expires_at=portal.clock.now() + lifetime,
        )
        store(session, row)
        record(portal, session, principal, Action.AGENT_KEY_CREATE, row)
    return IssuedAgentKey(agent_key_view(portal, row), token)


def rename(
    portal: Portal, principal: Principal, agent_key_id: str, name: str, version: int | None = None
) -> AgentKeyView:
    """Raises NotFound, NameTaken, VersionConflict. Scopes and expiry never change after creation."""
    name = require_name(name)
    with acting(portal, principal) as session:
        row = require_row(session, principal, agent_key_id)
        if version is not None and version != row.version:
            raise VersionConflict
        if row.name != name:
            row.name, row.name_key = name, name_key(name)
            row.version += 1
            store(session, row)
            record(portal, session, principal, Action.AGENT_KEY_UPDATE, row)
    return agent_key_view(portal, row)


def revoke(portal: Portal, principal: Principal, agent_key_id: str) -> AgentKeyView:
    """End an agent key at once. Revoking twice is no error."""
    with acting(portal, principal) as session:
        row = require_row(session, principal, agent_key_id)
        revoke_row(portal, session, principal, row)
    return agent_key_view(portal, row)


def delete(portal: Portal, principal: Principal, agent_key_id: str) -> None:
    """Wipe the digest and keep a tombstone."""
    with acting(portal, principal) as session:
        _delete_row(portal, session, principal, require_row(session, principal, agent_key_id))


def revoke_many(portal: Portal, principal: Principal, agent_key_ids: Sequence[str]) -> int:
    """End several at once, all or none. Returns how many were still usable. Raises NotFound."""
    return _to_many(portal, principal, agent_key_ids, revoke_row)


def delete_many(portal: Portal, principal: Principal, agent_key_ids: Sequence[str]) -> int:
    """Delete several, all or none. Returns how many. Raises NotFound."""
    return _to_many(portal, principal, agent_key_ids, _delete_row)


def agent_keys_of(portal: Portal, principal: Principal, user_id: str) -> list[AgentKeyView]:
    """Return a person's agent keys for an admin, masked, newest first; at most a page of them."""
    principal.require(Permission.USERS_WRITE)
    with portal.database.reading() as session:
        rows = agent_keys.agent_keys_of(session, user_id, MOST) if is_row_id(user_id) else []
        return [agent_key_view(portal, row) for row in rows]


def revoke_for(portal: Portal, principal: Principal, user_id: str, agent_key_id: str) -> AgentKeyView:
    """End a person's agent key, as an admin. Raises NotFound."""
    principal.require(Permission.USERS_WRITE)
    with acting(portal, principal) as session:
        row = None
        if is_row_id(user_id) and is_row_id(agent_key_id):
            row = agent_keys.find_agent_key(session, user_id, agent_key_id, for_update=True)
        if row is None:
            raise NotFound
        revoke_row(portal, session, principal, row)
    return agent_key_view(portal, row)


def revoke_row(portal: Portal, session: Session, principal: Principal, row: AgentKeyRow) -> bool:
    """Revoke inside the caller's transaction. Returns False where that was done before."""
    if row.revoked_at is not None:
        return False
    row.revoked_at = portal.clock.now()
    row.version += 1
    store(session, row)
    record(portal, session, principal, Action.AGENT_KEY_REVOKE, row)
    return True


def _delete_row(portal: Portal, session: Session, principal: Principal, row: AgentKeyRow) -> bool:
    row.deleted_at = portal.clock.now()
    row.revoked_at = row.revoked_at or row.deleted_at
    row.digest = ""
    row.version += 1
    session.add(row)
    record(portal, session, principal, Action.AGENT_KEY_DELETE, row)
    return True


def _to_many(
    portal: Portal,
    principal: Principal,
    agent_key_ids: Sequence[str],
    act: Callable[[Portal, Session, Principal, AgentKeyRow], bool],
) -> int:
    principal.require(Permission.AGENT_KEYS_WRITE)
    wanted = sorted(set(agent_key_ids))
    if not 1 <= len(wanted) <= MOST:
        raise InvalidInput(f"Choose from 1 to {MOST} agent keys.", field="ids")
    if not all(is_row_id(one) for one in wanted):
        raise NotFound
    with acting(portal, principal) as session:
        rows = agent_keys.find_agent_keys(session, owner_of(principal), wanted, for_update=True)
        if len(rows) != len(wanted):
            raise NotFound
        return sum(act(portal, session, principal, row) for row in rows)


def _require_filter(wanted: AgentKeyFilter) -> AgentKeyFilter:
    if wanted.status and wanted.status not in set(AgentKeyStatus):
        raise InvalidInput(f"A status is one of {', '.join(AgentKeyStatus)}.", field="status")
    return AgentKeyFilter(search_key(wanted.text), wanted.status)


def _wanted_lifetime(portal: Portal, new: NewAgentKey) -> timedelta | None:
    return new.expires_at - portal.clock.now() if new.expires_at is not None else new.lifetime


def _require_lifetime(policies: Policies, wanted: timedelta | None) -> timedelta:
    lifetime = policies.agent_key_lifetime if wanted is None else wanted
    if not timedelta(0) < lifetime <= policies.agent_key_longest:
        raise InvalidInput(
            f"An agent key lives 1 to {policies.agent_key_longest_days} days here.", field="expires_in_days"
        )
    return lifetime


def _owner_of_new(session: Session, principal: Principal, new: NewAgentKey) -> str:
    if principal.kind is not PrincipalKind.OPERATOR:
        return owner_of(principal)
    person = users.find_user_by_email(session, search_key(new.for_email or ""))
    if person is None or not person.active:
        raise NotFound("There is no active person with this email.")
    if Scope.RESOLVE_ANY in new.scopes and person.role != Role.ADMIN:
        raise InvalidInput("Only an admin's agent key may resolve for any person.", field="scopes")
    return person.id
