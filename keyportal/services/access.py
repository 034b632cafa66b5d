"""Turning a bearer value into a principal. Junk never costs a query; wrong values look alike."""

import hmac
from contextlib import suppress
from datetime import timedelta

from sqlmodel import Session

from keyportal.domain.agent_keys import AgentKeyStatus, agent_key_status
from keyportal.domain.errors import AgentKeyExpired, AgentKeyRefused, AgentKeyRevoked, StorageUnavailable
from keyportal.domain.principals import Principal, Role, Scope, agent_principal
from keyportal.persistence import agent_keys
from keyportal.persistence.tables import AgentKeyRow, UserRow
from keyportal.services import audit
from keyportal.services.portal import Portal
from keyportal.vault.tokens import digest, parse_agent_token

_USED_EVERY = timedelta(minutes=1)


def require_agent(portal: Portal, bearer: str, address: str = "") -> Principal:
    """Return the principal of an agent key.

    Raises AgentKeyRefused, or AgentKeyExpired and AgentKeyRevoked to a holder of the right value.
    """
    with portal.database.reading() as session:
        found = _find_in(session, bearer)
    principal = principal_of_agent(*found, address=address)
    is_first_this_minute = _mark_used(portal, found[0])
    try:
        _require_live(portal, *found)
    except AgentKeyRefused as refusal:
        # Once a minute: a program that keeps trying must not fill the trail.
        if is_first_this_minute:
            # The refusal stands, recorded or not.
            with suppress(StorageUnavailable):
                audit.record_refusal(portal, principal, "agent key", refusal.code)
        raise
    return principal


def live_agent_in(portal: Portal, session: Session, bearer: str) -> tuple[AgentKeyRow, UserRow]:
    """Return a usable agent key and its owner. Writes nothing. Raises as `require_agent`."""
    found = _find_in(session, bearer)
    _require_live(portal, *found)
    return found


def _find_in(session: Session, bearer: str) -> tuple[AgentKeyRow, UserRow]:
    presented = parse_agent_token(bearer)
    if presented is None:
        raise AgentKeyRefused
    found = agent_keys.find_by_public_id(session, presented.public_id)
    if found is None or not hmac.compare_digest(found[0].digest, digest(bearer)):
        raise AgentKeyRefused
    return found


def principal_of_agent(row: AgentKeyRow, owner: UserRow, address: str = "") -> Principal:
    return agent_principal(
        agent_key_id=row.id,
        user_id=owner.id,
        email=owner.email,
        name=row.name,
        scopes=frozenset(Scope(s) for s in row.scopes),
        role=Role(owner.role),
        address=address,
    )


def _mark_used(portal: Portal, row: AgentKeyRow) -> bool:
    """Keep "last used" true to the minute without a write for every call; return whether it wrote."""
    now = portal.clock.now()
    if row.last_used_at is not None and now - row.last_used_at < _USED_EVERY:
        return False
    try:
        with portal.database.transaction(at_once=True) as session:
            agent_keys.mark_agent_key_used(session, row.id, now)
    except StorageUnavailable:
        # Whoever only reads is served; a resolve writes more than this, and cannot.
        return False
    return True


def _require_live(portal: Portal, row: AgentKeyRow, owner: UserRow) -> None:
    status = agent_key_status(expires_at=row.expires_at, revoked_at=row.revoked_at, now=portal.clock.now())
    if status is AgentKeyStatus.REVOKED or not owner.active:
        raise AgentKeyRevoked
    if status is AgentKeyStatus.EXPIRED:
        raise AgentKeyExpired
