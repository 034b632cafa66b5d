"""The way from a new portal to the first key a program was given: what is done, and what comes next."""

from dataclasses import dataclass

from keyportal.domain.errors import NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import attention as queries
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.services.portal import Portal


@dataclass(frozen=True)
class StartView:
    """What a person has done so far. `is_served`: a system key is there, which programs are given too."""

    has_key: bool
    has_checked_key: bool
    has_agent_key: bool
    has_used_agent_key: bool
    is_served: bool = False

    @property
    def is_done(self) -> bool:
        has_key = self.is_served or (self.has_key and self.has_checked_key)
        return has_key and self.has_agent_key and self.has_used_agent_key


def start_of(portal: Portal, principal: Principal) -> StartView:
    """Raises Forbidden."""
    principal.require(Permission.CHAIN_READ)
    user_id = principal.user_id
    if user_id is None:
        raise NotFound
    with portal.database.reading() as session:
        return StartView(
            has_key=queries.has_credential(session, [user_id]),
            has_checked_key=queries.has_credential(session, [user_id], queries.is_checked()),
            has_agent_key=queries.has_agent_key(session, user_id),
            has_used_agent_key=queries.has_agent_key(session, user_id, queries.is_used()),
            is_served=queries.has_credential(session, [SYSTEM_OWNER]),
        )
