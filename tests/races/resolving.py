"""The two ways a program gets a key: the long way, and the desk that hands out from memory."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

from keyportal.domain.principals import Principal
from keyportal.services import access, agent_keys, resolution
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.services.release_desk import ReleaseDesk
from keyportal.services.releases import Resolution
from tests.services.desk_support import OPENAI, ask

Resolve = Callable[[], Resolution]


@contextmanager
def the_long_way(portal: Portal, owner: Principal) -> Iterator[Resolve]:
    token = agent_keys.create(portal, owner, NewAgentKey("long")).token.reveal()
    yield lambda: resolution.resolve_key(portal, access.require_agent(portal, token), "openai")


@contextmanager
def from_memory(portal: Portal, owner: Principal) -> Iterator[Resolve]:
    """As the REST route does it: the desk first, and the long way where the desk does not know."""
    token = agent_keys.create(portal, owner, NewAgentKey("quick")).token.reveal()
    loop, desk = asyncio.new_event_loop(), ReleaseDesk(portal)
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def resolve() -> Resolution:
        found = asyncio.run_coroutine_threadsafe(ask(desk, token, OPENAI), loop).result(30)
        return found or resolution.resolve_key(portal, access.require_agent(portal, token), "openai")

    try:
        yield resolve
    finally:
        asyncio.run_coroutine_threadsafe(desk.close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


WAYS = {"long way": the_long_way, "memory": from_memory}
