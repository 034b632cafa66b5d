"""People: adding them. Sign-in lives in `sign_in`, sessions in `sessions`."""

from dataclasses import dataclass, replace

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.errors import EmailTaken
from keyportal.domain.principals import Permission, Principal, Role
from keyportal.domain.secret import Secret
from keyportal.domain.text import NAME_LIMIT, name_key, require_email, require_name
from keyportal.persistence import users
from keyportal.persistence.engine import take_lock
from keyportal.persistence.tables import UserRow
from keyportal.services import audit
from keyportal.services.portal import Portal
from keyportal.vault.passwords import password_digest, require_password

USERS_LOCK = 742005


@dataclass(frozen=True)
class NewUser:
    """A person to be added. An empty name becomes the part of the email before the @."""

    email: str
    password: Secret
    role: Role
    name: str = ""


@dataclass(frozen=True)
class UserView:
    id: str
    email: str
    name: str
    role: str


def add_user(portal: Portal, principal: Principal, new: NewUser) -> UserView:
    """Add a person who can sign in at once. Raises EmailTaken, InvalidInput, Forbidden."""
    principal.require(Permission.USERS_WRITE)
    checked = require_new_user(new)
    password = password_digest(checked.password)
    with portal.database.transaction() as session:
        take_lock(session, USERS_LOCK)
        user = add_user_row(portal, session, checked, password)
        audit.record(
            portal,
            session,
            principal,
            Action.USER_CREATE,
            object_id=user.id,
            object_label=user.email,
            role=checked.role,
        )
    return UserView(user.id, user.email, user.name, user.role)


def require_new_user(new: NewUser) -> NewUser:
    """Return the input cleaned. Raises InvalidInput for an unusable email, name or password."""
    email = require_email(new.email)
    name = require_name(new.name or email.partition("@")[0][:NAME_LIMIT])
    require_password(new.password)
    return replace(new, email=email, name=name)


def add_user_row(portal: Portal, session: Session, new: NewUser, password: str) -> UserRow:
    """Insert inside the caller's transaction. Raises EmailTaken."""
    email_key = name_key(new.email)
    if users.find_user_by_email(session, email_key):
        raise EmailTaken(field="email")
    row = UserRow(
        email=new.email,
        email_key=email_key,
        name=new.name,
        role=new.role,
        password_digest=password,
        created_at=portal.clock.now(),
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise EmailTaken(field="email") from None
    return row
