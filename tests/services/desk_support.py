"""A desk that hands out from memory, an agent key that asks it, and what it answered."""

from collections.abc import AsyncIterator

import pytest

from keyportal.domain.principals import Principal
from keyportal.services import agent_keys
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.services.release_cache import Wanted
from keyportal.services.release_desk import ReleaseDesk, open_desk
from keyportal.services.releases import Resolution

OPENAI = Wanted("openai")
OTHER = "sk-other-0123456789abcdef"


@pytest.fixture
def token(portal: Portal, alice: Principal) -> str:
    return agent_keys.create(portal, alice, NewAgentKey("ci")).token.reveal()


@pytest.fixture
async def desk(portal: Portal) -> AsyncIterator[ReleaseDesk]:
    async with open_desk(portal) as opened:
        yield opened


async def ask(
    desk: ReleaseDesk, token: str, wanted: Wanted = OPENAI, address: str = "192.0.2.1"
) -> Resolution | None:
    found = await desk.release(token.encode(), wanted, address)
    return found.release.handed_out(found.opened, found.resolution_id) if found else None


async def value_of(desk: ReleaseDesk, token: str, wanted: Wanted = OPENAI) -> str | None:
    found = await ask(desk, token, wanted)
    return found.api_key.reveal() if found else None
