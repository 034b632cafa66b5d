"""What admins see of a person: every decision made, never a digest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from keyportal.domain.people import PersonStatus, status_of_person
from keyportal.domain.principals import Principal
from keyportal.persistence import one_time_links, sessions, users
from keyportal.persistence.tables import UserRow
from keyportal.services.portal import Portal
from keyportal.services.sessions import IDLE


@dataclass(frozen=True)
class UserView:
    """A person as an admin sees them. The `can_` answers are for the admin who asked."""

    id: str
    email: str
    name: str
    role: str
    status: str
    sessions_open: int
    keys_owned: int
    agent_keys_owned: int
    # Until when their invitation or reset link holds; None without one.
    link_expires_at: datetime | None
    last_sign_in_at: datetime | None
    created_at: datetime
    removed_at: datetime | None
    version: int
    is_you: bool
    is_last_admin: bool
    can_deactivate: bool
    can_reactivate: bool
    can_remove: bool
    can_link: bool


def user_views(
    portal: Portal, session: Session, principal: Principal, rows: Sequence[UserRow]
) -> list[UserView]:
    """Return people as this principal sees them, with what each owns counted."""
    ids, now = [row.id for row in rows], portal.clock.now()
    open_now = sessions.sessions_open(session, ids, now, now - IDLE)
    keys, agent_keys = users.credentials_owned(session, ids), users.agent_keys_owned(session, ids)
    links, admins = one_time_links.open_links_of(session, ids, now), users.active_admins(session)
    return [
        _view(
            row,
            principal,
            admins,
            sessions_open=open_now.get(row.id, 0) if row.active else 0,
            keys_owned=keys.get(row.id, 0),
            agent_keys_owned=agent_keys.get(row.id, 0),
            link_expires_at=links.get(row.id),
        )
        for row in rows
    ]


def status_of(user: UserRow) -> PersonStatus:
    return status_of_person(
        active=user.active, has_password=bool(user.password_digest), removed_at=user.removed_at
    )


def _view(row: UserRow, principal: Principal, admins: set[str], **counted: object) -> UserView:
    status, is_you = status_of(row), row.id == principal.user_id
    is_last_admin = admins == {row.id}
    is_present = status is not PersonStatus.REMOVED
    may_go = is_present and not is_you and not is_last_admin
    return UserView(
        id=row.id,
        email=row.email,
        name=row.name,
        role=row.role,
        status=status,
        last_sign_in_at=row.last_sign_in_at,
        created_at=row.created_at,
        removed_at=row.removed_at,
        version=row.version,
        is_you=is_you,
        is_last_admin=is_last_admin,
        can_deactivate=may_go and status is PersonStatus.ACTIVE,
        can_reactivate=status is PersonStatus.DEACTIVATED,
        can_remove=may_go,
        can_link=status in (PersonStatus.INVITED, PersonStatus.ACTIVE) and not is_you,
        **counted,  # pyright: ignore[reportArgumentType]
    )
