"""Sessions of signed-in browsers: begun with a new token, found by its digest, ended."""

from collections.abc import Iterable
from datetime import timedelta

from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.principals import Principal, Role, user_principal
from keyportal.domain.secret import Secret
from keyportal.persistence import users
from keyportal.persistence.tables import SessionRow, UserRow
from keyportal.services import audit
from keyportal.services.portal import Portal
from keyportal.settings import Settings
from keyportal.vault.tokens import digest, new_session_token

IDLE = timedelta(hours=24)
ABSOLUTE = timedelta(days=14)
_TOUCH_EVERY = timedelta(minutes=1)


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


def begin_session(portal: Portal, session: Session, user: UserRow, address: str) -> Secret:
    """Store a new session inside the caller's transaction and return its token."""
    token, now = new_session_token(), portal.clock.now()
    session.add(
        SessionRow(
            digest=digest(token.reveal()),
            user_id=user.id,
            address=address,
            created_at=now,
            last_seen_at=now,
            expires_at=now + ABSOLUTE,
        )
    )
    session.flush()
    return token


def find_principal(portal: Portal, session_digest: str, address: str = "") -> Principal | None:
    """Return who a session's digest stands for, or None if it is not live. Keeps it from idling out."""
    now = portal.clock.now()
    with portal.database.reading() as session:
        found = users.find_session(session, session_digest, now, now - IDLE)
    if found is None:
        return None
    row, user = found
    if now - row.last_seen_at >= _TOUCH_EVERY:
        with portal.database.transaction() as session:
            users.touch_session(session, session_digest, now)
    return principal_of(user, session_digest, address or row.address)


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
        return users.live_digests(session, digests, now, now - IDLE)


def sign_out(portal: Portal, principal: Principal) -> None:
    """End the principal's own session. Ending it twice is no error."""
    if principal.session_digest is None:
        return
    with portal.database.transaction() as session:
        if users.end_session(session, principal.session_digest, portal.clock.now()):
            audit.record(portal, session, principal, Action.SIGN_OUT, object_id=principal.user_id or "")
