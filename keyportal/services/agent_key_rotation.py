"""Rotating an agent key: a new value under the old name, and for a while the old one beside it."""

from datetime import timedelta

from sqlmodel import Session

from keyportal.domain.agent_keys import DEFAULT_OVERLAP, old_name, require_overlap
from keyportal.domain.audit import Action
from keyportal.domain.errors import InvalidInput, VersionConflict
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.text import name_key
from keyportal.persistence import agent_keys
from keyportal.persistence.tables import AgentKeyRow
from keyportal.services.acting import acting
from keyportal.services.agent_key_rows import (
    IssuedAgentKey,
    agent_key_view,
    new_row,
    record,
    require_room,
    require_row,
    require_scopes,
    store,
)
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal

_SHORTEST = timedelta(days=1)


def rotate(
    portal: Portal,
    principal: Principal,
    agent_key_id: str,
    overlap_days: int = DEFAULT_OVERLAP,
    *,
    version: int | None = None,
) -> IssuedAgentKey:
    """Issue a new value with the same name, scopes and length of life.

    The old one ends with the overlap, or at its own expiry if that is sooner. Raises NotFound,
    VersionConflict, InvalidInput for a revoked one, and Forbidden for a scope that is out of reach now.
    """
    principal.require(Permission.AGENT_KEYS_WRITE)
    overlap, now = require_overlap(overlap_days), portal.clock.now()
    with acting(portal, principal) as session:
        old = require_row(session, principal, agent_key_id)
        if version is not None and version != old.version:
            raise VersionConflict
        if old.revoked_at is not None:
            raise InvalidInput("This agent key was revoked. Create a new one instead.")
        scopes, name, length = require_scopes(principal, old.scopes), old.name, _length_of(session, old)
        require_room(session, old.user_id)
        _make_room(session, old)
        old.expires_at = min(old.expires_at, now + overlap)
        store(session, old)
        row, token = new_row(
            portal,
            user_id=old.user_id,
            name=name,
            scopes=scopes,
            created_by=principal.email or principal.label,
            expires_at=now + length,
        )
        store(session, row)
        record(portal, session, principal, Action.AGENT_KEY_ROTATE, row, replaces=old.id)
    return IssuedAgentKey(agent_key_view(portal, row), token)


def _make_room(session: Session, old: AgentKeyRow) -> None:
    old.name = old_name(old.name, agent_keys.names_of(session, old.user_id))
    old.name_key = name_key(old.name)
    old.version += 1


def _length_of(session: Session, old: AgentKeyRow) -> timedelta:
    """Return the lifetime the old key was made with, as far as the policy still allows it."""
    made_with = max(old.expires_at - old.created_at, _SHORTEST)
    return min(made_with, policies_in(session).agent_key_longest)
