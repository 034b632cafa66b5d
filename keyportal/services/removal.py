"""A person's goodbye: what they own is wiped or handed over, by an admin's explicit choice, all at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import InvalidInput, VersionConflict
from keyportal.domain.people import LeftKeys
from keyportal.domain.principals import Principal
from keyportal.domain.text import NAME_LIMIT, NOTE_LIMIT, name_key
from keyportal.domain.usage import HealthSource
from keyportal.persistence import credentials, links, one_time_links, sessions, users
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.persistence.tables import AgentKeyRow, CredentialRow, UserRow
from keyportal.services import audit, wiping
from keyportal.services.portal import Portal
from keyportal.services.users import require_other, require_person

# What is to be recorded of one thing: the action, its object's id and label, and details.
Event = tuple[Action, str, str, dict[str, Any]]


@dataclass(frozen=True)
class Removed:
    """What became of a removed person's belongings."""

    wiped: int
    handed_over: int
    agent_keys: int


def remove(
    portal: Portal,
    principal: Principal,
    user_id: str,
    keys: str = "",
    *,
    version: int | None = None,
) -> Removed:
    """Take a person out: sessions and agent keys end, API keys are wiped or handed over; a tombstone stays.

    `keys` is a choice of LeftKeys and demanded of everybody who owns an API key. Handed-over keys lose
    their value too: an admin enters each again. Raises NotFound, NotYourself, LastAdmin, InvalidInput.
    """
    with portal.database.transaction() as session:
        user = require_person(session, principal, user_id)
        require_other(session, principal, user)
        if version is not None and version != user.version:
            raise VersionConflict
        # All rows are locked before the first is written, and all events come after the last write: whoever
        # writes one of these rows at this moment records it, too, and must not have to wait for this.
        rows, agent_keys = _lock_belongings(session, user.id)
        _require_choice(keys, bool(rows))
        handed_over = len(rows) if keys == LeftKeys.HAND_OVER else 0
        removed = Removed(len(rows) - handed_over, handed_over, len(agent_keys))
        end = _hand_over if handed_over else wipe
        events = [end(portal, session, user, row) for row in rows]
        events += [_wipe_agent_key(portal, session, row) for row in agent_keys]
        events += _bury(portal, session, user, removed, keys)
        audit.record_several(portal, session, principal, events)
    return removed


def wipe(portal: Portal, session: Session, user: UserRow, row: CredentialRow) -> Event:
    """Wipe a person's key inside the caller's transaction. Returns what the caller records."""
    wiping.wipe(session, row, portal.clock.now())
    return _event_of(Action.CREDENTIAL_DELETE, user, row)


def _lock_belongings(session: Session, user_id: str) -> tuple[Sequence[CredentialRow], Sequence[AgentKeyRow]]:
    """Return a person's keys, agent keys behind them; their sessions are locked with these."""
    rows = users.live_credentials_of(session, user_id, for_update=True)
    agent_keys = users.live_agent_keys_of(session, user_id, for_update=True)
    sessions.lock_sessions_of(session, user_id)
    return rows, agent_keys


def _wipe_agent_key(portal: Portal, session: Session, row: AgentKeyRow) -> Event:
    """Wipe an agent key's digest inside the caller's transaction and keep its tombstone."""
    row.deleted_at = portal.clock.now()
    row.revoked_at = row.revoked_at or row.deleted_at
    row.digest = ""
    row.version += 1
    session.add(row)
    session.flush()
    return Action.AGENT_KEY_DELETE, row.id, row.name, {"mask": row.mask}


def _require_choice(keys: str, owns_any: bool) -> None:
    if keys not in ("", *LeftKeys) or (owns_any and not keys):
        raise InvalidInput(
            "Choose what becomes of their API keys: wipe them, or hand them over to the system.", field="keys"
        )


def _hand_over(portal: Portal, session: Session, user: UserRow, row: CredentialRow) -> Event:
    """Make it a system key that waits for its value. The old value was the person's; nobody may use it on.

    Its links end: what a person chose for themself must not come before the system's keys for everybody.
    """
    links.delete_links_of(session, row.id)
    row.ownership, row.owner_id, row.owner_key = Ownership.SYSTEM, None, SYSTEM_OWNER
    row.sealed, row.active, row.unreadable, row.failover = None, False, False, False
    row.secret_fields, row.secret_version = [], row.secret_version + 1
    row.health_outcome, row.health_message, row.health_details = None, "", {}
    row.health_checked_at = row.health_latency_ms = row.failing_until = None
    row.health_source = HealthSource.TEST
    row.replaces_id = row.replaced_by_id = None
    with session.no_autoflush:
        row.name = _free_name(session, row.name, user.name)
        row.position = credentials.next_position(session, SYSTEM_OWNER, row.provider)
    row.name_key, row.updated_at = name_key(row.name), portal.clock.now()
    # Inactive, not only without a value: a key that waits would stop everybody's search at it.
    row.note = f"Handed over from {user.name}. Enter its value again, then switch it on. {row.note}"
    row.note = row.note.strip()[:NOTE_LIMIT]
    row.version += 1
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        # A system key got this name since it was found free.
        raise VersionConflict from None
    return _event_of(Action.CREDENTIAL_HAND_OVER, user, row)


def _free_name(session: Session, name: str, person: str) -> str:
    """Return a name no system key has: the key's own, then with whose it was, then numbered."""
    number = 0
    while True:
        tail = "" if number == 0 else f" ({person})" if number == 1 else f" ({person} {number})"
        # A long person's name must leave room for the number that makes it free.
        tail = tail if len(tail) < NAME_LIMIT // 2 else f" ({number})"
        wanted = name[: NAME_LIMIT - len(tail)].rstrip() + tail
        if credentials.find_by_name(session, SYSTEM_OWNER, name_key(wanted)) is None:
            return wanted
        number += 1


def _bury(portal: Portal, session: Session, user: UserRow, removed: Removed, keys: str) -> list[Event]:
    """End what lets them in, and leave the tombstone."""
    one_time_links.end_links_of(session, user.id)
    ended = sessions.end_sessions_of(session, user.id, portal.clock.now())
    user.removed_at, user.active, user.password_digest = portal.clock.now(), False, ""
    # Free for somebody new; a colon is in no email, so nobody can sign in as a tombstone.
    user.email_key = f"removed:{user.id}"
    user.version += 1
    session.add(user)
    session.flush()
    owned = {"wiped": removed.wiped, "handed_over": removed.handed_over, "agent_keys": removed.agent_keys}
    signed_out: list[Event] = [(Action.SESSION_END, user.id, user.email, {"count": ended})] if ended else []
    return [*signed_out, (Action.USER_REMOVE, user.id, user.email, {"owned": owned, "to": keys or None})]


def _event_of(action: Action, user: UserRow, row: CredentialRow) -> Event:
    details = {"provider": row.provider, "ownership": row.ownership, "mask": row.mask, "for_user": user.email}
    return action, row.id, row.name, details
