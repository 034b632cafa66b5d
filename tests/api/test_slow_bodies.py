"""A body that takes its time: it may not arrive for ever, nor outlive the credentials it came with."""

import asyncio
from typing import Any

import pytest

from keyportal.api import bodies
from keyportal.api.app import create_api
from keyportal.domain.principals import Principal
from keyportal.services import agent_keys
from keyportal.services.portal import Portal


async def send_slowly(portal: Portal, token: str, pause: Any) -> int:
    """Post to /api/resolve in two pieces, with `pause` awaited between them; return the status."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/resolve",
        "raw_path": b"/api/resolve",
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"localhost"),
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"),
        ],
        "client": ("127.0.0.1", 5),
        "server": ("localhost", 3000),
    }
    pieces = [{"type": "http.request", "body": b"{", "more_body": True}]
    status: list[int] = []

    async def receive() -> dict[str, Any]:
        if pieces:
            return pieces.pop()
        await pause()
        return {"type": "http.request", "body": b'"provider": "openai"}', "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    await create_api(lambda: portal)(scope, receive, send)  # type: ignore[arg-type]
    return status[0]


async def test_a_key_revoked_while_the_body_trickles_is_refused(
    portal: Portal, alice: Principal, agent_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_STILL_FRESH_S", 0)

    async def revoke() -> None:
        key = agent_keys.search(portal, alice).items[0]
        await asyncio.to_thread(agent_keys.revoke, portal, alice, key.id)

    assert await send_slowly(portal, agent_token, revoke) == 401


async def test_a_body_that_does_not_end_is_refused(
    portal: Portal, agent_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "DEADLINE_S", 0.05)
    assert await send_slowly(portal, agent_token, asyncio.Event().wait) == 408
