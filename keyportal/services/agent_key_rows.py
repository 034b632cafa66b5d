"""What every act on agent keys shares: the row and its view, the one way to store it, its audit event."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from keyportal.domain.agent_keys import AgentKeyStatus, agent_key_status, is_expiring
from keyportal.domain.audit import Action
from keyportal.domain.errors import InvalidInput, NameTaken, NotFound
from keyportal.domain.masks import mask_agent_key
from keyportal.domain.principals import Permission, Principal, Scope
from keyportal.domain.secret import Secret
from keyportal.domain.text import is_row_id, name_key
from keyportal.persistence import agent_keys
from keyportal.persistence.tables import AgentKeyRow
from keyportal.services import audit
from keyportal.services.portal import Portal
from keyportal.vault.tokens import digest, new_agent_token

# Of one person, expired and revoked ones too: one account must not fill the database.
MOST_AGENT_KEYS = 1000


@dataclass(frozen=True)
class AgentKeyView:
    """`expires_soon` is of an active key alone."""

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
    expires_soon: bool


@dataclass(frozen=True)
class IssuedAgentKey:
    """A new agent key with its value, which is never to be had again."""

    view: AgentKeyView
    token: Secret = field(repr=False)


def new_row(portal: Portal, *, user_id: str, name: str, scopes: Sequence[str], created_by: str,
            expires_at: datetime) -> tuple[AgentKeyRow, Secret]:  # fmt: skip
    """Return a row that is not stored yet, and the value it is for."""
    issued = new_agent_token()
    row = AgentKeyRow(
        user_id=user_id,
        public_id=issued.public_id,
        digest=digest(issued.token.reveal()),
        name=name,
        name_key=name_key(name),
        mask=mask_agent_key(issued.token.reveal()),
        scopes=list(scopes),
        created_by=created_by,
        created_at=portal.clock.now(),
        expires_at=expires_at,
    )
    return row, issued.token


def agent_key_view(portal: Portal, row: AgentKeyRow) -> AgentKeyView:
    now = portal.clock.now()
    status = agent_key_status(expires_at=row.expires_at, revoked_at=row.revoked_at, now=now)
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
        expires_soon=status is AgentKeyStatus.ACTIVE
        and is_expiring(created_at=row.created_at, expires_at=row.expires_at, now=now),
    )


def owner_of(principal: Principal) -> str:
    if principal.user_id is None:
        raise NotFound
    return principal.user_id


def require_row(session: Session, principal: Principal, agent_key_id: str) -> AgentKeyRow:
    """Return the principal's own live row, locked. Raises NotFound for missing and not-yours alike."""
    principal.require(Permission.AGENT_KEYS_WRITE)
    row = None
    if is_row_id(agent_key_id):
        row = agent_keys.find_agent_key(session, owner_of(principal), agent_key_id, for_update=True)
    if row is None:
        raise NotFound
    return row


def require_scopes(principal: Principal, wanted: Sequence[str]) -> tuple[Scope, ...]:
    """Return the scopes in their order. Raises InvalidInput, and Forbidden for one out of reach."""
    known = set(Scope)
    if not wanted or any(s not in known for s in wanted):
        raise InvalidInput(f"Choose at least one scope of {', '.join(Scope)}.", field="scopes")
    scopes = tuple(s for s in Scope if s in wanted)
    if Scope.RESOLVE_ANY in scopes:
        principal.require(Permission.AGENT_KEYS_GRANT_ANY)
    return scopes


def require_room(session: Session, user_id: str) -> None:
    """Refuse one more agent key than a person may have. Raises InvalidInput."""
    if agent_keys.count_agent_keys(session, user_id) >= MOST_AGENT_KEYS:
        raise InvalidInput(f"A person has at most {MOST_AGENT_KEYS:,} agent keys. Delete some first.")


def store(session: Session, row: AgentKeyRow) -> None:
    """Raises NameTaken: the unique index is the rule, the look-up before makes the message early."""
    with session.no_autoflush:
        holder = agent_keys.find_agent_key_by_name(session, row.user_id, row.name_key)
    if holder is not None and holder.id != row.id:
        raise NameTaken("You already have an agent key with this name. Choose another name.", field="name")
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise NameTaken(field="name") from None


def record(
    portal: Portal, session: Session, principal: Principal, action: Action, row: AgentKeyRow, **details: Any
) -> None:
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
        **details,
    )
