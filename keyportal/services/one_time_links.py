"""Invitations and password resets: a link that is shown once, works once, and ends by itself.

The token is known to whoever holds the link; here is only its digest.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.errors import InvalidInput, LinkEnded, NotYourself, WrongPersonStatus
from keyportal.domain.people import INVITATION_LIFETIME, LinkKind, PersonStatus, require_link_lifetime
from keyportal.domain.principals import Permission, Principal, Role
from keyportal.domain.secret import Secret
from keyportal.domain.text import NAME_LIMIT, name_key, require_email, require_name, search_key
from keyportal.persistence import one_time_links, sessions, users
from keyportal.persistence.engine import take_lock
from keyportal.persistence.tables import OneTimeLinkRow, UserRow
from keyportal.services import throttle
from keyportal.services.acting import require_still
from keyportal.services.portal import Portal
from keyportal.services.sign_in import SignedIn, enter
from keyportal.services.user_views import status_of, user_views
from keyportal.services.users import (
    USERS_LOCK,
    NewUser,
    UserView,
    add_user_row,
    record_about,
    require_person,
)
from keyportal.vault.passwords import password_digest, require_password
from keyportal.vault.tokens import digest, new_link_token

# The page a link leads to. The token follows a `#`: browsers do not send that part to any server.
_PAGES = {LinkKind.INVITATION: "/join", LinkKind.RESET: "/reset"}


@dataclass(frozen=True)
class Invitation:
    """Whom to invite. An empty name becomes the part of the email before the @."""

    email: str
    role: str = Role.MEMBER
    name: str = ""
    lifetime: timedelta = INVITATION_LIFETIME


@dataclass(frozen=True)
class IssuedLink:
    """A link to hand to a person; it is never to be had again."""

    user: UserView
    kind: LinkKind
    expires_at: datetime
    url: Secret = field(repr=False)


def invite(portal: Portal, principal: Principal, invitation: Invitation) -> IssuedLink:
    """Add a person without a password, and issue their link. Raises EmailTaken, InvalidInput."""
    principal.require(Permission.USERS_WRITE)
    email = require_email(invitation.email)
    name = require_name(invitation.name or email.partition("@")[0][:NAME_LIMIT])
    lifetime = require_link_lifetime(invitation.lifetime)
    if invitation.role not in tuple(Role):
        raise InvalidInput(f"Choose a role of {', '.join(Role)}.", field="role")
    new = NewUser(email, Secret(""), Role(invitation.role), name)
    with portal.database.transaction() as session:
        take_lock(session, USERS_LOCK)
        require_still(session, principal)
        user = add_user_row(portal, session, new, "", active=False)
        return _issue(portal, session, principal, user, LinkKind.INVITATION, lifetime)


def new_link(
    portal: Portal, principal: Principal, user_id: str, lifetime: timedelta = INVITATION_LIFETIME
) -> IssuedLink:
    """Issue a new link, which ends the one before: an invitation until they joined, then a reset.

    Raises NotFound, InvalidInput, WrongPersonStatus for somebody deactivated, and NotYourself: a link would
    pass by the present password, which an open browser alone does not know.
    """
    with portal.database.transaction() as session:
        user = require_person(session, principal, user_id)
        if user.id == principal.user_id:
            raise NotYourself("Change your own password in your account.")
        lifetime = require_link_lifetime(lifetime)
        match status_of(user):
            case PersonStatus.INVITED:
                kind = LinkKind.INVITATION
            case PersonStatus.ACTIVE:
                kind = LinkKind.RESET
            case _:
                raise WrongPersonStatus
        return _issue(portal, session, principal, user, kind, lifetime)


def new_link_for_email(portal: Portal, principal: Principal, email: str) -> IssuedLink:
    """Issue a link to the person with this email: for an admin who is locked out. Raises NotFound."""
    principal.require(Permission.USERS_WRITE)
    with portal.database.reading() as session:
        user = users.find_user_by_email(session, search_key(email))
    return new_link(portal, principal, user.id if user else "")


def join(
    portal: Portal, token: str, password: Secret, name: str = "", address: str = "", user_agent: str = ""
) -> SignedIn:
    """Make an invited person's account and sign them in. An empty name keeps the one the admin gave.

    Raises LinkEnded, InvalidInput, TooManyAttempts.
    """
    name = require_name(name) if name else ""
    hashed = _password_for(portal, LinkKind.INVITATION, token, password, address)
    with portal.database.transaction() as session:
        user = _use(portal, session, LinkKind.INVITATION, token)
        if status_of(user) is not PersonStatus.INVITED:
            raise LinkEnded
        user.password_digest, user.active = hashed, True
        if name:
            user.name, user.name_key = name, name_key(name)
        user.version += 1
        signed_in = enter(portal, session, user, address, Action.USER_JOIN, user_agent)
    throttle.return_link_try(portal, address)
    return signed_in


def reset(portal: Portal, token: str, password: Secret, address: str = "", user_agent: str = "") -> SignedIn:
    """Give a person another password, end all their sessions, and sign them in here.

    Raises LinkEnded, InvalidInput, TooManyAttempts.
    """
    hashed = _password_for(portal, LinkKind.RESET, token, password, address)
    with portal.database.transaction() as session:
        user = _use(portal, session, LinkKind.RESET, token)
        if status_of(user) is not PersonStatus.ACTIVE:
            raise LinkEnded
        user.password_digest = hashed
        user.version += 1
        sessions.end_sessions_of(session, user.id, portal.clock.now())
        signed_in = enter(portal, session, user, address, Action.PASSWORD_CHANGE, user_agent)
    # Whoever forgot their password has used up the tries; the new one must work at once.
    throttle.forgive(portal, account=user.email_key, address="")
    throttle.return_link_try(portal, address)
    return signed_in


def _issue(
    portal: Portal,
    session: Session,
    principal: Principal,
    user: UserRow,
    kind: LinkKind,
    lifetime: timedelta,
) -> IssuedLink:
    token, now = new_link_token(), portal.clock.now()
    one_time_links.end_links_of(session, user.id)
    session.add(
        OneTimeLinkRow(
            digest=digest(token.reveal()),
            kind=kind,
            user_id=user.id,
            created_by=principal.label,
            created_at=now,
            expires_at=now + lifetime,
        )
    )
    session.flush()
    action = Action.USER_INVITE if kind is LinkKind.INVITATION else Action.USER_RESET
    expires_at = now + lifetime
    record_about(
        portal,
        session,
        principal,
        action,
        user,
        role=Role(user.role),
        expires_at=expires_at.isoformat(),
    )
    url = Secret(f"{portal.settings.public_url}{_PAGES[kind]}#{token.reveal()}")
    return IssuedLink(user_views(portal, session, principal, [user])[0], kind, expires_at, url)


def _password_for(portal: Portal, kind: LinkKind, token: str, password: Secret, address: str) -> str:
    """Count the try, look whether the link holds, and only then spend the time on a digest."""
    throttle.count_link_try(portal, address)
    with portal.database.reading() as session:
        if one_time_links.find_open_link(session, kind, digest(token), portal.clock.now()) is None:
            raise LinkEnded
    require_password(password)
    return password_digest(password)


def _use(portal: Portal, session: Session, kind: LinkKind, token: str) -> UserRow:
    """Use the link up under the lock that also guards people: two tries at once are one too many.

    The person is locked before the link, as by a change of their password, which ends it.
    """
    take_lock(session, USERS_LOCK)
    now = portal.clock.now()
    link = one_time_links.find_open_link(session, kind, digest(token), now)
    user = users.find_present(session, link.user_id, for_update=True) if link else None
    if link is None or user is None or not one_time_links.use_link(session, kind, link.digest, now):
        raise LinkEnded
    return user
