"""Sessions of signed-in browsers: begun with a new token, found by its digest, ended."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.browsers import browser_label
from keyportal.domain.errors import NotFound, StorageUnavailable
from keyportal.domain.principals import Permission, Principal, Role, user_principal
from keyportal.domain.secret import Secret
from keyportal.domain.text import is_row_id
from keyportal.persistence import sessions, users
from keyportal.persistence.tables import SessionRow, UserRow
from keyportal.services import audit
from keyportal.services.acting import acting
from keyportal.services.portal import Portal
from keyportal.settings import Settings
from keyportal.vault.tokens import digest, new_session_token

IDLE = timedelta(hours=24)
ABSOLUTE = timedelta(days=14)
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class SessionView:
    """A signed-in browser. `id` is a public name; the digest its cookie is found by stays in the database."""

    id: str
    browser: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    is_this: bool


def cookie_name(settings: Settings) -> str:
    """Return the session cookie's name. `__Host-` binds it to this host and works on https only."""
    return "__Host-kp_session" if settings.is_public_https else "kp_session"


def digest_of(token: str) -> str:
    """Return what is stored of a session token."""
    return digest(token)


def token_in(settings: Settings, cookie_headers: Iterable[str]) -> str | None:
    """Return the session token. Two cookies of that name mean that somebody else set one: neither counts."""
    pairs = [p.partition("=") for line in cookie_headers for p in line.split(";")]
    wanted = cookie_name(settings)
    values = [value.strip() for name, _, value in pairs if name.strip() == wanted]
    return values[0] if len(values) == 1 else None


def begin_session(
    portal: Portal, session: Session, user: UserRow, address: str, user_agent: str = ""
) -> Secret:
    """Store a new session inside the caller's transaction and return its token.

    Who has as many as a person may have loses the one seen longest ago.
    """
    token, now = new_session_token(), portal.clock.now()
    ended = sessions.end_oldest_of(session, user.id, now, now - IDLE)
    session.add(
        SessionRow(
            digest=digest(token.reveal()),
            user_id=user.id,
            address=address,
            browser=browser_label(user_agent),
            created_at=now,
            last_seen_at=now,
            expires_at=now + ABSOLUTE,
        )
    )
    session.flush()
    if ended:
        details = {"object_id": user.id, "object_label": user.email, "count": ended}
        audit.record(portal, session, principal_of(user, address=address), Action.SESSION_END, **details)
    return token


def find_principal(portal: Portal, session_digest: str, address: str = "") -> Principal | None:
    """Return who a session's digest stands for, or None if it is not live. Keeps it from idling out."""
    now = portal.clock.now()
    with portal.database.reading() as session:
        found = sessions.find_session(session, session_digest, now, now - IDLE)
    if found is None:
        return None
    row, user = found
    if now - row.last_seen_at >= _TOUCH_EVERY:
        _touch(portal, session_digest, now)
    return principal_of(user, session_digest, address or row.address)


def _touch(portal: Portal, session_digest: str, now: datetime) -> None:
    # Who cannot be written to can still be read from: nobody is kept out over this.
    with suppress(StorageUnavailable), portal.database.transaction(at_once=True) as session:
        sessions.touch_session(session, session_digest, now)


def principal_of(user: UserRow, session_digest: str | None = None, address: str = "") -> Principal:
    return user_principal(
        user_id=user.id,
        email=user.email,
        name=user.name,
        role=Role(user.role),
        session_digest=session_digest,
        address=address,
    )


def live_sessions(portal: Portal, digests: Iterable[str]) -> set[str]:
    """Return those of the digests that are still signed in."""
    now = portal.clock.now()
    with portal.database.reading() as session:
        return sessions.live_digests(session, digests, now, now - IDLE)


def sign_out(portal: Portal, principal: Principal) -> None:
    """End the principal's own session. Ending it twice is no error."""
    if principal.session_digest is None:
        return
    with portal.database.transaction() as session:
        if sessions.end_session(session, principal.session_digest, portal.clock.now()):
            audit.record(portal, session, principal, Action.SIGN_OUT, object_id=principal.user_id or "")


def own_sessions(portal: Portal, principal: Principal) -> list[SessionView]:
    """Return where the principal is signed in, the browser seen last first."""
    principal.require(Permission.PROFILE_READ)
    return _views(portal, _self(principal), principal)


def sessions_of(portal: Portal, principal: Principal, user_id: str) -> list[SessionView]:
    """Return where a person is signed in. Raises NotFound, Forbidden."""
    principal.require(Permission.USERS_READ)
    return _views(portal, user_id, principal)


def end_own_session(portal: Portal, principal: Principal, session_id: str) -> None:
    """Sign one of the principal's own browsers out, at once. Raises NotFound."""
    principal.require(Permission.PROFILE_WRITE)
    _end_one(portal, principal, _self(principal), session_id)


def end_session_of(portal: Portal, principal: Principal, user_id: str, session_id: str) -> None:
    """Sign one browser of a person out. Raises NotFound, Forbidden."""
    principal.require(Permission.USERS_WRITE)
    _end_one(portal, principal, user_id, session_id)


def sign_out_elsewhere(portal: Portal, principal: Principal) -> int:
    """End all of the principal's sessions but the one in use. Returns how many were open."""
    principal.require(Permission.PROFILE_WRITE)
    with acting(portal, principal) as session:
        user_id = _self(principal)
        return end_all(portal, session, principal, user_id, but=principal.session_digest)


def end_sessions_of(portal: Portal, principal: Principal, user_id: str) -> int:
    """Sign a person out everywhere. Returns how many sessions were open. Raises NotFound, Forbidden."""
    principal.require(Permission.USERS_WRITE)
    with acting(portal, principal) as session:
        user = users.find_present(session, user_id) if is_row_id(user_id) else None
        if user is None:
            raise NotFound
        return end_all(portal, session, principal, user_id, label=user.email)


def end_all(
    portal: Portal,
    session: Session,
    principal: Principal,
    user_id: str,
    *,
    but: str | None = None,
    label: str = "",
) -> int:
    """End sessions inside the caller's transaction, and record it where there were any."""
    count = sessions.end_sessions_of(session, user_id, portal.clock.now(), but=but)
    if count:
        audit.record(
            portal,
            session,
            principal,
            Action.SESSION_END,
            object_id=user_id,
            object_label=label or principal.email,
            count=count,
        )
    return count


def _views(portal: Portal, user_id: str, principal: Principal) -> list[SessionView]:
    now = portal.clock.now()
    with portal.database.reading() as session:
        if not is_row_id(user_id) or users.find_present(session, user_id) is None:
            raise NotFound
        rows = sessions.live_sessions_of(session, user_id, now, now - IDLE)
        return [_view(row, principal) for row in rows]


def _view(row: SessionRow, principal: Principal) -> SessionView:
    return SessionView(
        id=row.id,
        browser=row.browser or "Unknown browser",
        address=row.address,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        is_this=row.digest == principal.session_digest,
    )


def _end_one(portal: Portal, principal: Principal, user_id: str, session_id: str) -> None:
    if not (is_row_id(user_id) and is_row_id(session_id)):
        raise NotFound
    with acting(portal, principal) as session:
        user = users.find_present(session, user_id)
        now = portal.clock.now()
        if user is None or not sessions.end_session_of(session, user_id, session_id, now):
            raise NotFound
        audit.record(
            portal,
            session,
            principal,
            Action.SESSION_END,
            object_id=user_id,
            object_label=user.email,
            count=1,
        )


def _self(principal: Principal) -> str:
    if principal.user_id is None:
        raise NotFound
    return principal.user_id
