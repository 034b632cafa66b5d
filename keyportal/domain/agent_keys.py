"""What an agent key is: its statuses and its lifetime."""

from datetime import datetime, timedelta
from enum import StrEnum

DEFAULT_LIFETIME = timedelta(days=90)
LONGEST_LIFETIME = timedelta(days=365)


class AgentKeyStatus(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


def agent_key_status(*, expires_at: datetime, revoked_at: datetime | None, now: datetime) -> AgentKeyStatus:
    if revoked_at is not None:
        return AgentKeyStatus.REVOKED
    return AgentKeyStatus.EXPIRED if expires_at <= now else AgentKeyStatus.ACTIVE
