"""Requests as the web server hands them over, for the short way of a resolve with the long way behind it."""

import asyncio
import json
from functools import cache
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from keyportal.api.app import create_api
from keyportal.api.quick_resolve import QuickResolve
from keyportal.services import agent_keys
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.services.release_desk import digest_of, open_desk
from tests.conftest import person
from tests.services.support import save

JSON = (b"content-type", b"application/json")
PLAIN = b'{"provider":"openai"}'


@pytest.fixture
def token(portal: Portal) -> str:
    alice = person(portal, "alice")
    save(portal, alice)
    return agent_keys.create(portal, alice, NewAgentKey("ci")).token.reveal()


class Asked:
    """What came back, and whether the application behind was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.went_on = 0, b"", False
        self.headers: dict[bytes, bytes] = {}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def _ask(
    app: QuickResolve, asked: Asked, body: bytes, headers: list[tuple[bytes, bytes]], **more: Any
) -> Asked:
    chunks: list[bytes] = more.pop("chunks", [body])
    never: bool = more.pop("never", False)
    length = (b"content-length", str(len(body)).encode())
    scope = {
        "type": "http", "method": "POST", "path": "/api/resolve", "root_path": "", "query_string": b"",
        "scheme": "http", "http_version": "1.1", "server": ("localhost", 80), "client": ("192.0.2.7", 1),
        "asgi": {"version": "3.0"}, "state": {}, "headers": [length, *headers], **more}  # fmt: skip
    last = len(chunks) - 1
    waiting = [{"type": "http.request", "body": c, "more_body": i < last} for i, c in enumerate(chunks)]

    async def receive() -> Any:
        if never:
            await asyncio.Event().wait()
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            asked.status, asked.headers = message["status"], dict(message["headers"])
        else:
            asked.body += message.get("body", b"")

    await app(scope, receive, send)
    return asked


_portals: list[Portal] = []


@cache
def _api() -> ASGIApp:
    return create_api(lambda: _portals[0])


def ask(
    portal: Portal,
    body: bytes,
    *headers: tuple[bytes, bytes],
    times: int = 1,
    is_known: bool = True,
    **more: Any,
) -> Asked:
    """Send it with an agent key that was let in before, or with one that is not known yet."""
    digests = [digest_of(v.removeprefix(b"Bearer ")) for name, v in headers if name == b"authorization"]

    async def run() -> Asked:
        _portals[:] = [portal]
        asked = Asked()

        async def behind(scope: Scope, receive: Receive, send: Send) -> None:
            asked.went_on = True
            await _api()(scope, receive, send)

        async with open_desk(portal) as desk:
            for digest in digests if is_known else []:
                desk.let_in(digest)
            for _ in range(times):
                asked.body = b""
                await _ask(QuickResolve(behind, lambda: desk), asked, body, list(headers), **more)
        return asked

    return asyncio.run(run())


def bearer(token: str) -> tuple[bytes, bytes]:
    return b"authorization", f"Bearer {token}".encode()
