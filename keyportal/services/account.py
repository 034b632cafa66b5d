"""A person's own account: their name and their password."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.errors import InvalidInput, NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.secret import Secret
from keyportal.domain.text import name_key, require_name
from keyportal.persistence import one_time_links, sessions, users
from keyportal.persistence.tables import UserRow
from keyportal.services import throttle
from keyportal.services.portal import Portal
from keyportal.services.sign_in import SignedIn, enter
from keyportal.services.users import record_about
from keyportal.vault.passwords import password_digest, require_password, verify_password


@dataclass(frozen=True)
class AccountView:
    id: str
    email: str
    name: str
    role: str
    created_at: datetime
    version: int


def get_account(portal: Portal, principal: Principal) -> AccountView:
    principal.require(Permission.PROFILE_READ)
    with portal.database.reading() as session:
        return _view(_require_self(session, principal))


def rename(portal: Portal, principal: Principal, name: str) -> AccountView:
    """Change the principal's own name. Raises InvalidInput."""
    principal.require(Permission.PROFILE_WRITE)
    name = require_name(name)
    with portal.database.transaction() as session:
        user = _require_self(session, principal, for_update=True)
        if name != user.name:
            user.name, user.name_key = name, name_key(name)
            user.version += 1
            session.add(user)
            record_about(portal, session, principal, Action.PROFILE_UPDATE, user, changed=["name"])
        return _view(user)


def change_password(
    portal: Portal, principal: Principal, current: Secret, new: Secret, user_agent: str = ""
) -> SignedIn:
    """Replace the password, end every session, and begin a new one for the browser that asked.

    Raises InvalidInput, and TooManyAttempts after too many wrong passwords.
    """
    principal.require(Permission.PROFILE_WRITE)
    account = f"password:{principal.user_id}"
    throttle.count_attempt(portal, account=account, address=principal.address)
    with portal.database.reading() as session:
        before = _require_self(session, principal).password_digest
    if not verify_password(current, before)[0]:
        raise InvalidInput("This is not your present password.", field="current_password")
    require_password(new)
    hashed = password_digest(new)
    with portal.database.transaction() as session:
        user = _require_self(session, principal, for_update=True)
        if user.password_digest != before:
            # Somebody changed it while this one was being compared.
            raise InvalidInput("This is not your present password.", field="current_password")
        signed_in = _replace_password(portal, session, principal, user, hashed, user_agent)
    throttle.forgive(portal, account=account, address=principal.address)
    return signed_in


def _replace_password(
    portal: Portal, session: Session, principal: Principal, user: UserRow, hashed: str, user_agent: str
) -> SignedIn:
    user.password_digest = hashed
    user.version += 1
    # A reset link made for the password of before must not undo this one.
    one_time_links.end_links_of(session, user.id)
    sessions.end_sessions_of(session, user.id, portal.clock.now())
    former = user.last_sign_in_at
    signed_in = enter(portal, session, user, principal.address, Action.PASSWORD_CHANGE, user_agent)
    user.last_sign_in_at = former
    return signed_in


def _require_self(session: Session, principal: Principal, *, for_update: bool = False) -> UserRow:
    user = users.find_present(session, principal.user_id or "", for_update=for_update)
    if user is None:
        raise NotFound
    return user


def _view(user: UserRow) -> AccountView:
    return AccountView(user.id, user.email, user.name, user.role, user.created_at, user.version)
