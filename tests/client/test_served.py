"""The clients, and made-up requests, against the data plane as it is deployed."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from keyportal.client import AsyncKeyPortal, KeyPortal, NoKey, Resolution
from keyportal.services import agent_keys
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.services.start_up import open_portal
from tests.api.openapi_support import Questioning, Send, operations
from tests.cli.test_serve_api import RunningApi
from tests.cli.test_serve_api import running as running
from tests.conftest import person
from tests.e2e.server import RunningPortal as RunningPortal
from tests.services.support import VALUE, save
from tests.support import add_cast, make_settings


@pytest.fixture
def behind(running: RunningApi) -> Iterator[Portal]:
    portal = open_portal(make_settings(running.folder / "data"))
    add_cast(portal)
    save(portal, person(portal, "alice"))
    yield portal
    portal.close()


@pytest.fixture
def token(behind: Portal) -> str:
    return agent_keys.create(behind, person(behind, "alice"), NewAgentKey("ci")).token.reveal()


def test_both_clients_resolve_and_report(running: RunningApi, behind: Portal, token: str) -> None:
    running.start()
    with KeyPortal(running.url, token) as portal, portal.reporting(portal.resolve("openai")) as key:
        assert key.api_key == VALUE
    with KeyPortal(running.url, token) as portal, pytest.raises(NoKey, match="Anthropic"):
        portal.resolve("anthropic")

    async def ask() -> Resolution:
        async with AsyncKeyPortal(running.url, token) as portal:
            keys = await asyncio.gather(*(portal.resolve("openai") for _ in range(20)))
            for key in keys:
                await portal.report(key, "ok")
            return keys[0]

    assert asyncio.run(ask()).api_key == VALUE
    with behind.database.reading() as session:
        found = session.connection().execute(text("SELECT SUM(count), SUM(ok) FROM usage_days")).one()
    assert tuple(found) == (21, 21)
    assert VALUE not in running.log and token not in running.log


def test_a_resolve_outlasts_a_restart_of_the_portal(running: RunningApi, token: str) -> None:
    found: list[Resolution] = []
    running.start()
    with KeyPortal(running.url, token) as portal:
        portal.resolve("openai")
        running.kill()
        asking = threading.Thread(target=lambda: found.append(portal.resolve("openai")))
        asking.start()
        running.start()
        asking.join(timeout=60)
    assert [key.api_key for key in found] == [VALUE]


class OneProvider:
    """There is nothing to ask for but a key of OpenAI."""

    def ids_for(self, label: str) -> dict[str, str]:
        return {"provider": "openai"} if "{provider}" in label else {}

    def query_for(self, label: str) -> dict[str, str]:
        return {}

    def body_for(self, label: str, required: list[str], send: Send) -> dict[str, Any]:
        return {"provider": "openai"}


@pytest.mark.parametrize("label", ["POST /api/resolve", "POST /api/resolve/{provider}"])
def test_every_answer_of_a_served_resolve_stands_in_the_document(
    running: RunningApi, token: str, label: str
) -> None:
    running.start()
    questioning = Questioning(OneProvider(), examples=20)
    with httpx.Client(base_url=running.url, trust_env=False) as client:

        def send(method: str, path: str, content: Any, headers: dict[str, str]) -> httpx.Response:
            own = {"Authorization": f"Bearer {token}"}
            return client.request(method, path, content=content, headers={**headers, **own})

        questioning.ask(next(one for one in operations() if one.label == label), send)
    assert questioning.problems == []
    assert {200, 422} <= questioning.statuses[label]
