"""The way from a new portal to the first key a program was given: what is done, and what comes next."""

from dataclasses import dataclass

from keyportal.domain.errors import NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import attention as queries
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.services.portal import Portal


@dataclass(frozen=True)
class StartView:
    """What a person has done so far. A system key counts as a key for them: programs are given it too."""

    has_key: bool
    has_checked_key: bool
    has_agent_key: bool
    has_used_agent_key: bool

    @property
    def is_done(self) -> bool:
        return self.has_key and self.has_checked_key and self.has_agent_key and self.has_used_agent_key


def start_of(portal: Portal, principal: Principal) -> StartView:
    """Raises Forbidden."""
    principal.require(Permission.CHAIN_READ)
    user_id = principal.user_id
    if user_id is None:
        raise NotFound
    owners = [user_id, SYSTEM_OWNER]
    with portal.database.reading() as session:
        return StartView(
            has_key=queries.has_credential(session, owners),
            has_checked_key=queries.has_credential(session, owners, queries.is_checked()),
            has_agent_key=queries.has_agent_key(session, user_id),
            has_used_agent_key=queries.has_agent_key(session, user_id, queries.is_used()),
        )
