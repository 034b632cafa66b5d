"""What an agent key is: its statuses, and how one key follows another."""

from collections.abc import Container
from datetime import datetime, timedelta
from enum import StrEnum

from keyportal.domain.errors import InvalidInput
from keyportal.domain.text import NAME_LIMIT, name_key

# For so many days the old value may go on beside the new one after a rotation.
OVERLAPS = (0, 1, 7, 30)
DEFAULT_OVERLAP = 7
EXPIRES_SOON = timedelta(days=14)


class AgentKeyStatus(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


def agent_key_status(*, expires_at: datetime, revoked_at: datetime | None, now: datetime) -> AgentKeyStatus:
    if revoked_at is not None:
        return AgentKeyStatus.REVOKED
    return AgentKeyStatus.EXPIRED if expires_at <= now else AgentKeyStatus.ACTIVE


def is_expiring(*, created_at: datetime, expires_at: datetime, now: datetime) -> bool:
    """Tell whether an active key ends soon: within two weeks, or the last quarter of a short life."""
    return expires_at - now <= min(EXPIRES_SOON, (expires_at - created_at) / 4)


def require_overlap(days: int) -> timedelta:
    """Raises InvalidInput for an overlap that is not offered."""
    if isinstance(days, bool) or days not in OVERLAPS:
        raise InvalidInput(f"Choose {', '.join(map(str, OVERLAPS))} days.", field="overlap_days")
    return timedelta(days=days)


def old_name(name: str, taken: Container[str]) -> str:
    """Return what a key is called once another has its name. `taken` holds names in their equal form."""
    number = 1
    while True:
        mark = " (old)" if number == 1 else f" (old {number})"
        wanted = name[: NAME_LIMIT - len(mark)].rstrip() + mark
        if name_key(wanted) not in taken:
            return wanted
        number += 1
