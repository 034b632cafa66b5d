"""People: listed, added, changed, deactivated, reactivated.

Invitations and resets are in `one_time_links`, goodbyes in `removal`.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.errors import (
    EmailTaken,
    InvalidInput,
    LastAdmin,
    NotFound,
    NotYourself,
    VersionConflict,
    WrongPersonStatus,
)
from keyportal.domain.people import PersonStatus
from keyportal.domain.principals import Permission, Principal, Role
from keyportal.domain.secret import Secret
from keyportal.domain.text import NAME_LIMIT, is_row_id, name_key, require_email, require_name, search_key
from keyportal.persistence import one_time_links, users
from keyportal.persistence.engine import take_lock
from keyportal.persistence.tables import UserRow
from keyportal.persistence.users import UserFilter as UserFilter
from keyportal.services import audit
from keyportal.services.acting import require_still
from keyportal.services.paging import PAGE_SIZES, Page, page_of, require_page, require_sort
from keyportal.services.portal import Portal
from keyportal.services.sessions import end_all
from keyportal.services.user_views import UserView, status_of, user_views
from keyportal.vault.passwords import password_digest, require_password

USERS_LOCK = 742005
# How many people a choice of persons offers.
_MOST_OFFERED = 500


@dataclass(frozen=True)
class NewUser:
    """A person to be added. An empty name becomes the part of the email before the @."""

    email: str
    password: Secret
    role: Role
    name: str = ""


@dataclass(frozen=True)
class UserEdit:
    """What an admin changes about a person; None leaves it as it is."""

    name: str | None = None
    role: str | None = None
    active: bool | None = None
    version: int | None = None


def search(
    portal: Portal,
    principal: Principal,
    wanted: UserFilter | None = None,
    *,
    sort: str = "-created",
    page: int = 1,
    size: int = PAGE_SIZES[0],
) -> Page[UserView]:
    """Return one page of people. Those who were removed show only where that status is asked for."""
    principal.require(Permission.USERS_READ)
    require_page(page, size)
    column, downwards = require_sort(sort, users.SORTS)
    wanted = wanted or UserFilter()
    if wanted.status not in ("", *PersonStatus) or wanted.role not in ("", *Role):
        raise InvalidInput("There is no such status or role.", field="role" if wanted.role else "status")
    wanted = replace(wanted, text=search_key(wanted.text))
    with portal.database.reading() as session:
        rows, total = users.search_users(
            session, wanted, sort=column, downwards=downwards, offset=(page - 1) * size, limit=size
        )
        return page_of(user_views(portal, session, principal, rows), total, page, size)


def get(portal: Portal, principal: Principal, user_id: str) -> UserView:
    """Return one person, a removed one too. Raises NotFound."""
    principal.require(Permission.USERS_READ)
    with portal.database.reading() as session:
        row = users.find_user(session, user_id) if is_row_id(user_id) else None
        if row is None:
            raise NotFound
        return user_views(portal, session, principal, [row])[0]


def people(portal: Portal, principal: Principal) -> list[tuple[str, str]]:
    """Return ids and names with emails for a choice of persons, by name."""
    principal.require(Permission.USERS_READ)
    with portal.database.reading() as session:
        return [(r.id, f"{r.name} ({r.email})") for r in users.people_by_name(session, _MOST_OFFERED)]


def add_user(portal: Portal, principal: Principal, new: NewUser) -> UserView:
    """Add a person who can sign in at once. Raises EmailTaken, InvalidInput, Forbidden."""
    principal.require(Permission.USERS_WRITE)
    checked = require_new_user(new)
    password = password_digest(checked.password)
    with portal.database.transaction() as session:
        take_lock(session, USERS_LOCK)
        require_still(session, principal)
        user = add_user_row(portal, session, checked, password)
        record_about(portal, session, principal, Action.USER_CREATE, user, role=checked.role)
        return user_views(portal, session, principal, [user])[0]


def update(portal: Portal, principal: Principal, user_id: str, edit: UserEdit) -> UserView:
    """Change name, role or access. With another role the person signs in again.

    Raises NotFound, VersionConflict, InvalidInput, LastAdmin, NotYourself, WrongPersonStatus.
    """
    with portal.database.transaction() as session:
        user = require_person(session, principal, user_id)
        if edit.version is not None and edit.version != user.version:
            raise VersionConflict
        changed, switched = _apply(session, user, edit), _switch(session, principal, user, edit.active)
        if changed or switched:
            user.version += 1
            session.add(user)
            session.flush()
        if "role" in changed or switched is Action.USER_DEACTIVATE:
            end_all(portal, session, principal, user.id, label=user.email)
        if changed:
            role = Role(user.role) if "role" in changed else None
            record_about(portal, session, principal, Action.USER_UPDATE, user, changed=changed, role=role)
        if switched:
            record_about(portal, session, principal, switched, user)
        return user_views(portal, session, principal, [user])[0]


def deactivate(portal: Portal, principal: Principal, user_id: str, version: int | None = None) -> UserView:
    """Shut a person out: sessions end, agent keys stop; keys stay. Raises LastAdmin, NotYourself."""
    return update(portal, principal, user_id, UserEdit(active=False, version=version))


def reactivate(portal: Portal, principal: Principal, user_id: str, version: int | None = None) -> UserView:
    """Let a deactivated person in again, with the password they had. Raises WrongPersonStatus."""
    return update(portal, principal, user_id, UserEdit(active=True, version=version))


def require_person(session: Session, principal: Principal, user_id: str) -> UserRow:
    """Return a person to be changed, who is not removed. Nobody else changes people until the commit."""
    principal.require(Permission.USERS_WRITE)
    take_lock(session, USERS_LOCK)
    # While this waited for the lock, whoever asks may have been demoted or removed themself.
    require_still(session, principal)
    user = users.find_present(session, user_id, for_update=True) if is_row_id(user_id) else None
    if user is None:
        raise NotFound
    return user


def require_other(session: Session, principal: Principal, user: UserRow) -> None:
    """Refuse what would lock the admin themself out, or everybody. Raises NotYourself, LastAdmin."""
    if user.id == principal.user_id:
        raise NotYourself
    _require_not_last_admin(session, user)


def require_new_user(new: NewUser) -> NewUser:
    """Return the input cleaned. Raises InvalidInput for an unusable email, name or password."""
    email = require_email(new.email)
    name = require_name(new.name or email.partition("@")[0][:NAME_LIMIT])
    require_password(new.password)
    return replace(new, email=email, name=name)


def add_user_row(
    portal: Portal, session: Session, new: NewUser, password: str, *, active: bool = True
) -> UserRow:
    """Insert inside the caller's transaction. Raises EmailTaken."""
    email_key = name_key(new.email)
    if users.find_user_by_email(session, email_key):
        raise EmailTaken(field="email")
    row = UserRow(
        email=new.email,
        email_key=email_key,
        name=new.name,
        name_key=name_key(new.name),
        role=new.role,
        password_digest=password,
        active=active,
        created_at=portal.clock.now(),
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise EmailTaken(field="email") from None
    return row


def record_about(
    portal: Portal, session: Session, principal: Principal, action: Action, user: UserRow, **details: Any
) -> None:
    audit.record(portal, session, principal, action, object_id=user.id, object_label=user.email, **details)


def _apply(session: Session, user: UserRow, edit: UserEdit) -> list[str]:
    changed = []
    if edit.name is not None and (name := require_name(edit.name)) != user.name:
        user.name, user.name_key = name, name_key(name)
        changed.append("name")
    if edit.role is not None and edit.role not in tuple(Role):
        raise InvalidInput(f"Choose a role of {', '.join(Role)}.", field="role")
    if edit.role is not None and edit.role != user.role:
        if edit.role != Role.ADMIN:
            _require_not_last_admin(session, user)
        user.role = Role(edit.role)
        changed.append("role")
    return changed


def _switch(session: Session, principal: Principal, user: UserRow, active: bool | None) -> Action | None:
    """Let a person in or shut them out. Returns what was done, None where nothing was to do."""
    if active is None or active == user.active:
        return None
    if status_of(user) is PersonStatus.INVITED:
        raise WrongPersonStatus("This person has not joined yet. Send them a new invitation.")
    if not active:
        require_other(session, principal, user)
        one_time_links.end_links_of(session, user.id)
    user.active = active
    return Action.USER_REACTIVATE if active else Action.USER_DEACTIVATE


def _require_not_last_admin(session: Session, user: UserRow) -> None:
    with session.no_autoflush:
        if users.active_admins(session) == {user.id}:
            raise LastAdmin
