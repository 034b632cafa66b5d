"""Becoming somebody: the one-time set-up code for the first admin, and email with password."""

from dataclasses import dataclass

from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.browsers import browser_label
from keyportal.domain.errors import AlreadySetUp, InvalidInput, SignInFailed, TooManyAttempts
from keyportal.domain.principals import Principal, Role, anonymous_principal, operator_principal
from keyportal.domain.secret import Secret
from keyportal.domain.text import search_key
from keyportal.persistence import records, users
from keyportal.persistence.engine import take_lock
from keyportal.persistence.tables import UserRow
from keyportal.services import audit, throttle
from keyportal.services.portal import Portal
from keyportal.services.sessions import begin_session, principal_of
from keyportal.services.users import USERS_LOCK, NewUser, add_user_row, require_new_user
from keyportal.vault.passwords import password_digest, verify_password
from keyportal.vault.tokens import new_setup_code, setup_code_digest

_SETUP_CODE = "setup_code_digest"


@dataclass(frozen=True)
class SignedIn:
    """Who signed in, and the token for their cookie."""

    principal: Principal
    token: Secret


def needs_set_up(portal: Portal) -> bool:
    """Tell whether the portal waits for its first admin."""
    with portal.database.reading() as session:
        return not users.has_admin(session)


def new_setup_code_for(portal: Portal) -> Secret:
    """Replace the set-up code and return the new one. Raises AlreadySetUp once there is an admin."""
    code = new_setup_code()
    with portal.database.transaction() as session:
        take_lock(session, USERS_LOCK)
        if users.has_admin(session):
            raise AlreadySetUp
        records.write_setting(session, _SETUP_CODE, setup_code_digest(code.reveal()), portal.clock.now())
        audit.record(portal, session, operator_principal(), Action.SET_UP_CODE)
    return code


def set_up(portal: Portal, code: str, new: NewUser, address: str = "", user_agent: str = "") -> SignedIn:
    """Make the first admin with the console's code, and sign them in."""
    if not needs_set_up(portal):
        raise AlreadySetUp
    # By address only: with one counter for all a stranger could hold the set-up closed. The code has 80 bits.
    throttle.count_attempt(portal, account="", address=address)
    _require_code(portal, code, address)
    checked = require_new_user(new)
    password = password_digest(checked.password)
    with portal.database.transaction() as session:
        take_lock(session, USERS_LOCK)
        # Both again under the lock: two people may hold the same code.
        if users.has_admin(session) or not records.delete_setting(session, _SETUP_CODE):
            raise AlreadySetUp
        user = add_user_row(portal, session, checked, password)
        return enter(portal, session, user, address, Action.SET_UP, user_agent)


def sign_in(
    portal: Portal, email: str, password: Secret, address: str = "", user_agent: str = ""
) -> SignedIn:
    """Sign a person in. Unknown, wrong and deactivated fail alike, in words and in time."""
    account = search_key(email)
    was_last = throttle.count_attempt(portal, account=account, address=address)
    with portal.database.reading() as session:
        user = users.find_user_by_email(session, account)
    matches, upgraded = verify_password(password, user.password_digest if user else None)
    signed_in = _enter(portal, user, upgraded, address, user_agent) if user and matches else None
    if signed_in is None:
        _record_failure(portal, user, address, was_last=was_last)
        raise SignInFailed
    throttle.forgive(portal, account=account, address=address)
    return signed_in


def _enter(
    portal: Portal, user: UserRow, upgraded: str | None, address: str, user_agent: str
) -> SignedIn | None:
    with portal.database.transaction() as session:
        row = users.find_user(session, user.id, for_update=True)
        # Read again: the password may have been changed while this one was being compared.
        if row is None or not row.active or row.password_digest != user.password_digest:
            return None
        if upgraded:
            row.password_digest = upgraded
        return enter(portal, session, row, address, Action.SIGN_IN, user_agent)


def enter(
    portal: Portal, session: Session, user: UserRow, address: str, action: Action, user_agent: str = ""
) -> SignedIn:
    """Begin a session inside the caller's transaction and record how the person came in."""
    user.last_sign_in_at = portal.clock.now()
    session.add(user)
    token = begin_session(portal, session, user, address, user_agent)
    principal = principal_of(user, address=address)
    audit.record(
        portal,
        session,
        principal,
        action,
        object_id=user.id,
        object_label=user.email,
        role=Role(user.role),
        browser=browser_label(user_agent) or None,
    )
    return SignedIn(principal, token)


def _require_code(portal: Portal, code: str, address: str) -> None:
    with portal.database.reading() as session:
        stored = records.read_setting(session, _SETUP_CODE)
    if stored is not None and Secret(stored.value) == Secret(setup_code_digest(code)):
        return
    if not needs_set_up(portal):
        raise AlreadySetUp
    refusal = InvalidInput(
        "This is not the set-up code. It stands in the console KeyPortal was started from.", field="code"
    )
    with portal.database.transaction() as session:
        audit.record(
            portal,
            session,
            anonymous_principal(address),
            Action.SET_UP,
            Result.REFUSED,
            reason=refusal.code,
        )
    raise refusal


def _record_failure(portal: Portal, user: UserRow | None, address: str, *, was_last: bool) -> None:
    """Record a failed sign-in by the account it aimed at; what was typed is never written."""
    with portal.database.transaction() as session:
        audit.record(
            portal,
            session,
            anonymous_principal(address),
            Action.SIGN_IN,
            Result.REFUSED,
            object_id=user.id if user else "",
            object_label=user.email if user else "",
            reason=TooManyAttempts.code if was_last else SignInFailed.code,
        )
