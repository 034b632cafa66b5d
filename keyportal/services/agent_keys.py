"""Agent keys: made once and shown once, listed, renamed, revoked, deleted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from keyportal.domain.agent_keys import (
    DEFAULT_LIFETIME,
    LONGEST_LIFETIME,
    AgentKeyStatus,
    agent_key_status,
)
from keyportal.domain.audit import Action
from keyportal.domain.errors import InvalidInput, NameTaken, NotFound, VersionConflict
from keyportal.domain.masks import mask_agent_key
from keyportal.domain.principals import Permission, Principal, PrincipalKind, Role, Scope
from keyportal.domain.secret import Secret
from keyportal.domain.text import is_row_id, name_key, require_name, search_key
from keyportal.persistence import agent_keys, users
from keyportal.persistence.tables import AgentKeyRow
from keyportal.services import audit
from keyportal.services.paging import PAGE_SIZES, Page, page_of, require_page
from keyportal.services.portal import Portal
from keyportal.vault.tokens import digest, new_agent_token


@dataclass(frozen=True)
class NewAgentKey:
    """`for_email` lets an operator make a key for a person; everybody else makes their own."""

    name: str
    scopes: Sequence[str] = (Scope.RESOLVE,)
    lifetime: timedelta = DEFAULT_LIFETIME
    for_email: str | None = None


@dataclass(frozen=True)
class AgentKeyView:
    id: str
    name: str
    mask: str
    scopes: tuple[str, ...]
    status: str
    created_by: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime
    version: int
    can_revoke: bool


@dataclass(frozen=True)
class IssuedAgentKey:
    """A new agent key with its value, which is never to be had again."""

    view: AgentKeyView
    token: Secret = field(repr=False)


def search(
    portal: Portal, principal: Principal, text: str = "", *, page: int = 1, size: int = PAGE_SIZES[0]
) -> Page[AgentKeyView]:
    """Return one page of the principal's agent keys, newest first."""
    principal.require(Permission.AGENT_KEYS_READ)
    require_page(page, size)
    with portal.database.reading() as session:
        rows, total = agent_keys.search_agent_keys(
            session, _owner(principal), search_key(text), offset=(page - 1) * size, limit=size
        )
        items = [_view(portal, row) for row in rows]
    return page_of(items, total, page, size)


def create(portal: Portal, principal: Principal, new: NewAgentKey) -> IssuedAgentKey:
    """Issue a token. Raises InvalidInput, NameTaken, NotFound, and Forbidden for a scope out of reach."""
    principal.require(Permission.AGENT_KEYS_WRITE)
    name, scopes = require_name(new.name), _require_scopes(principal, new.scopes)
    if not timedelta(0) < new.lifetime <= LONGEST_LIFETIME:
        raise InvalidInput(f"An agent key lives 1 to {LONGEST_LIFETIME.days} days.", field="expires_in_days")
    issued, now = new_agent_token(), portal.clock.now()
    with portal.database.transaction() as session:
        row = AgentKeyRow(
            user_id=_owner_of_new(session, principal, new),
            public_id=issued.public_id,
            digest=digest(issued.token.reveal()),
            name=name,
            name_key=name_key(name),
            mask=mask_agent_key(issued.token.reveal()),
            scopes=list(scopes),
            created_by=principal.email or principal.label,
            created_at=now,
            expires_at=now + new.lifetime,
        )
        _store(session, row)
        _record(portal, session, principal, Action.AGENT_KEY_CREATE, row)
    return IssuedAgentKey(_view(portal, row), issued.token)


def rename(
    portal: Portal, principal: Principal, agent_key_id: str, name: str, version: int | None = None
) -> AgentKeyView:
    """Raises NotFound, NameTaken, VersionConflict. Scopes and expiry never change after creation."""
    name = require_name(name)
    with portal.database.transaction() as session:
        row = _require_row(session, principal, agent_key_id)
        if version is not None and version != row.version:
            raise VersionConflict
        row.name, row.name_key = name, name_key(name)
        row.version += 1
        _store(session, row)
        _record(portal, session, principal, Action.AGENT_KEY_UPDATE, row)
    return _view(portal, row)


def revoke(portal: Portal, principal: Principal, agent_key_id: str) -> AgentKeyView:
    """End an agent key at once. Revoking twice is no error."""
    with portal.database.transaction() as session:
        row = _require_row(session, principal, agent_key_id)
        if row.revoked_at is None:
            row.revoked_at = portal.clock.now()
            row.version += 1
            _store(session, row)
            _record(portal, session, principal, Action.AGENT_KEY_REVOKE, row)
    return _view(portal, row)


def delete(portal: Portal, principal: Principal, agent_key_id: str) -> None:
    """Wipe the digest and keep a tombstone."""
    with portal.database.transaction() as session:
        row = _require_row(session, principal, agent_key_id)
        row.deleted_at = portal.clock.now()
        row.revoked_at = row.revoked_at or row.deleted_at
        row.digest = ""
        row.version += 1
        session.add(row)
        _record(portal, session, principal, Action.AGENT_KEY_DELETE, row)


def _require_row(session: Session, principal: Principal, agent_key_id: str) -> AgentKeyRow:
    principal.require(Permission.AGENT_KEYS_WRITE)
    row = None
    if is_row_id(agent_key_id):
        row = agent_keys.find_agent_key(session, _owner(principal), agent_key_id, for_update=True)
    if row is None:
        raise NotFound
    return row


def _owner(principal: Principal) -> str:
    if principal.user_id is None:
        raise NotFound
    return principal.user_id


def _owner_of_new(session: Session, principal: Principal, new: NewAgentKey) -> str:
    if principal.kind is not PrincipalKind.OPERATOR:
        return _owner(principal)
    person = users.find_user_by_email(session, search_key(new.for_email or ""))
    if person is None or not person.active:
        raise NotFound("There is no active person with this email.")
    if Scope.RESOLVE_ANY in new.scopes and person.role != Role.ADMIN:
        raise InvalidInput("Only an admin's agent key may resolve for any person.", field="scopes")
    return person.id


def _require_scopes(principal: Principal, wanted: Sequence[str]) -> tuple[Scope, ...]:
    known = set(Scope)
    if not wanted or any(s not in known for s in wanted):
        raise InvalidInput(f"Choose at least one scope of {', '.join(Scope)}.", field="scopes")
    scopes = tuple(s for s in Scope if s in wanted)
    if Scope.RESOLVE_ANY in scopes:
        principal.require(Permission.AGENT_KEYS_GRANT_ANY)
    return scopes


def _store(session: Session, row: AgentKeyRow) -> None:
    with session.no_autoflush:
        holder = agent_keys.find_agent_key_by_name(session, row.user_id, row.name_key)
    if holder is not None and holder.id != row.id:
        raise NameTaken("You already have an agent key with this name. Choose another name.", field="name")
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise NameTaken(field="name") from None


def _view(portal: Portal, row: AgentKeyRow) -> AgentKeyView:
    status = agent_key_status(expires_at=row.expires_at, revoked_at=row.revoked_at, now=portal.clock.now())
    return AgentKeyView(
        id=row.id,
        name=row.name,
        mask=row.mask,
        scopes=tuple(row.scopes),
        status=status,
        created_by=row.created_by,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        version=row.version,
        can_revoke=status is not AgentKeyStatus.REVOKED,
    )


def _record(portal: Portal, session: Session, principal: Principal, action: Action, row: AgentKeyRow) -> None:
    audit.record(
        portal,
        session,
        principal,
        action,
        object_id=row.id,
        object_label=row.name,
        mask=row.mask,
        scopes=list(row.scopes),
        expires_at=row.expires_at.isoformat(),
    )
