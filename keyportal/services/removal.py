"""A person's goodbye: what they own is wiped or handed over, by an admin's explicit choice, all at once."""

from dataclasses import dataclass

from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import InvalidInput, VersionConflict
from keyportal.domain.people import LeftKeys
from keyportal.domain.principals import Principal
from keyportal.domain.text import NAME_LIMIT, NOTE_LIMIT, name_key
from keyportal.persistence import credentials, links, one_time_links, users
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.persistence.tables import AgentKeyRow, CredentialRow, UserRow
from keyportal.services import audit, wiping
from keyportal.services.portal import Portal
from keyportal.services.sessions import end_all
from keyportal.services.users import record_about, require_other, require_person


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
        rows = users.live_credentials_of(session, user.id, for_update=True)
        _require_choice(keys, bool(rows))
        for row in rows:
            if keys == LeftKeys.HAND_OVER:
                _hand_over(portal, session, principal, user, row)
            else:
                wipe(portal, session, principal, row, user.email)
        agent_keys = users.live_agent_keys_of(session, user.id)
        for agent_key in agent_keys:
            wipe_agent_key(portal, session, principal, agent_key)
        count = 0 if keys == LeftKeys.HAND_OVER else len(rows)
        removed = Removed(count, len(rows) - count, len(agent_keys))
        _bury(portal, session, principal, user, removed, keys)
    return removed


def wipe(
    portal: Portal, session: Session, principal: Principal, row: CredentialRow, for_user: str | None = None
) -> None:
    """Wipe a key's value inside the caller's transaction, and record it."""
    wiping.wipe(session, row, portal.clock.now())
    _record_key(portal, session, principal, Action.CREDENTIAL_DELETE, row, for_user)


def wipe_agent_key(portal: Portal, session: Session, principal: Principal, row: AgentKeyRow) -> None:
    """Wipe an agent key's digest inside the caller's transaction and keep its tombstone."""
    row.deleted_at = portal.clock.now()
    row.revoked_at = row.revoked_at or row.deleted_at
    row.digest = ""
    row.version += 1
    session.add(row)
    session.flush()
    audit.record(
        portal,
        session,
        principal,
        Action.AGENT_KEY_DELETE,
        object_id=row.id,
        object_label=row.name,
        mask=row.mask,
    )


def _require_choice(keys: str, owns_any: bool) -> None:
    if keys not in ("", *LeftKeys) or (owns_any and not keys):
        raise InvalidInput(
            "Choose what becomes of their API keys: wipe them, or hand them over to the system.", field="keys"
        )


def _hand_over(
    portal: Portal, session: Session, principal: Principal, user: UserRow, row: CredentialRow
) -> None:
    """Make it a system key that waits for its value. The old value was the person's; nobody may use it on."""
    row.ownership, row.owner_id, row.owner_key = Ownership.SYSTEM, None, SYSTEM_OWNER
    row.sealed, row.active, row.unreadable, row.failover = None, False, False, False
    row.secret_fields, row.secret_version = [], row.secret_version + 1
    row.health_outcome, row.health_message, row.health_details = None, "", {}
    row.health_checked_at = row.health_latency_ms = None
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
    session.flush()
    links.hand_over_links(session, row.id, SYSTEM_OWNER)
    _record_key(portal, session, principal, Action.CREDENTIAL_HAND_OVER, row, user.email)


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


def _bury(
    portal: Portal, session: Session, principal: Principal, user: UserRow, removed: Removed, keys: str
) -> None:
    one_time_links.end_links_of(session, user.id)
    end_all(portal, session, principal, user.id, label=user.email)
    user.removed_at, user.active, user.password_digest = portal.clock.now(), False, ""
    # Free for somebody new; a colon is in no email, so nobody can sign in as a tombstone.
    user.email_key = f"removed:{user.id}"
    user.version += 1
    session.add(user)
    session.flush()
    owned = {"wiped": removed.wiped, "handed_over": removed.handed_over, "agent_keys": removed.agent_keys}
    record_about(portal, session, principal, Action.USER_REMOVE, user, owned=owned, to=keys or None)


def _record_key(
    portal: Portal,
    session: Session,
    principal: Principal,
    action: Action,
    row: CredentialRow,
    for_user: str | None = None,
) -> None:
    audit.record(
        portal,
        session,
        principal,
        action,
        object_id=row.id,
        object_label=row.name,
        provider=row.provider,
        ownership=row.ownership,
        mask=row.mask,
        for_user=for_user,
    )
