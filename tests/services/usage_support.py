"""Uses as the ledger leaves them, stored for tests of what is shown of them."""

from datetime import timedelta
from typing import Any

from keyportal.domain.principals import Principal, Scope
from keyportal.persistence.tables import UsageDayRow
from keyportal.services import agent_keys
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal

GONE = "3f0c2d4e-6a1b-4c8d-9e2f-0123456789ab"


def use(
    portal: Portal, key: str = "", agent: str = "", count: int = 1, *, days_ago: int = 0, **more: Any
) -> None:
    """Store the uses of one day; without a key those of a variable of the server."""
    values = {"provider": "openai", "source": "user" if key else "environment", **more}
    day = portal.clock.now().date() - timedelta(days=days_ago)
    with portal.database.transaction() as session:
        session.add(UsageDayRow(day=day, credential_id=key, agent_key_id=agent, count=count, **values))


def agent_key(portal: Portal, owner: Principal, name: str = "robot", *scopes: Scope) -> str:
    """Return the id of a new agent key."""
    return agent_keys.create(portal, owner, NewAgentKey(name, scopes or (Scope.RESOLVE,))).view.id
