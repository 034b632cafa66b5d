"""Where a person stands with the portal, and what an admin may decide about them."""

from datetime import datetime, timedelta
from enum import StrEnum

from keyportal.domain.errors import InvalidInput

INVITATION_LIFETIME = timedelta(hours=72)
SHORTEST_LINK, LONGEST_LINK = timedelta(days=1), timedelta(days=14)


class PersonStatus(StrEnum):
    INVITED = "invited"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    REMOVED = "removed"


class LinkKind(StrEnum):
    """What a one-time link lets its holder do: choose a first password, or another one."""

    INVITATION = "invitation"
    RESET = "reset"


class LeftKeys(StrEnum):
    """What becomes of a removed person's API keys."""

    WIPE = "wipe"
    HAND_OVER = "hand_over"


def status_of_person(*, active: bool, has_password: bool, removed_at: datetime | None) -> PersonStatus:
    if removed_at is not None:
        return PersonStatus.REMOVED
    if active:
        return PersonStatus.ACTIVE
    return PersonStatus.DEACTIVATED if has_password else PersonStatus.INVITED


def require_link_lifetime(lifetime: timedelta, field: str = "days") -> timedelta:
    """Raises InvalidInput for a link that would end before a day or live beyond two weeks."""
    if not SHORTEST_LINK <= lifetime <= LONGEST_LINK:
        raise InvalidInput(f"A link lives {SHORTEST_LINK.days} to {LONGEST_LINK.days} days.", field=field)
    return lifetime
