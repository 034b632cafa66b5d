"""Callers of the REST surface: a browser with a session, a program with an agent key, a stranger."""

import asyncio
import atexit
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, ContextVar, copy_context
from functools import cache, cached_property
from threading import current_thread, main_thread
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from starlette.types import Message

from keyportal.api.app import create_api
from keyportal.api.auth import PUBLIC
from keyportal.domain.principals import Scope
from keyportal.persistence import users
from keyportal.services import agent_keys
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.services.sessions import begin_session, cookie_name
from tests.conftest import person

VALUE = "sk-proj-0123456789abcdefghijklmnop"
OTHER_VALUE = "sk-proj-zyxwvutsrqponmlkjihgfedcba"
UNKNOWN_ID = "3f0c2d4e-6a1b-4c8d-9e2f-0123456789ab"
# What a form may lead to here, as the composition root says it of the real pages.
PAGES = frozenset({"/", "/api-keys"})


# The portal of the request that is being sent; a request carries its context into the threads it runs in.
_portal: ContextVar[Portal] = ContextVar("_portal")


@cache
def _shared_api() -> FastAPI:
    """The application of all callers: it keeps nothing between requests, and takes long to build."""
    return create_api(_portal.get, PAGES)


@cache
def _runner() -> asyncio.Runner:
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    atexit.register(runner.close)
    return runner


def _run(send: Callable[[], Coroutine[Any, Any, Response]], context: Context) -> Response:
    """Run to the end where nothing else runs: in the main thread on one loop for all, else on a new one."""
    if asyncio._get_running_loop() is not None:
        with ThreadPoolExecutor(1) as other:
            return other.submit(_run, send, context).result()
    if current_thread() is main_thread():
        return _runner().run(send(), context=context)
    return context.run(lambda: asyncio.run(send()))


async def _send(
    api: FastAPI, method: str, path: str, headers: dict[str, str], request: dict[str, Any]
) -> Response:
    transport = ASGITransport(api, client=("testclient", 50000))
    async with AsyncClient(transport=transport, base_url="http://testserver", trust_env=False) as client:
        return await client.request(method, path, headers=headers, **request)


class Rest:
    """One caller. Sends its headers with every request and follows no redirect."""

    def __init__(self, portal: Portal, **headers: str) -> None:
        self.portal = portal
        self.headers = headers

    @cached_property
    def own_api(self) -> FastAPI:
        """An application that no other caller speaks to, for a test that breaks it."""
        return create_api(lambda: self.portal)

    def send(self, method: str, path: str, **request: Any) -> Response:
        headers = {**self.headers, **request.pop("headers", {})}
        api = self.__dict__.get("own_api") or _shared_api()
        context = copy_context()
        context.run(_portal.set, self.portal)
        return _run(lambda: _send(api, method, path, headers, request), context)

    def get(self, path: str, **request: Any) -> Response:
        return self.send("GET", path, **request)

    def post(self, path: str, **request: Any) -> Response:
        return self.send("POST", path, **request)

    def put(self, path: str, **request: Any) -> Response:
        return self.send("PUT", path, **request)

    def delete(self, path: str, **request: Any) -> Response:
        return self.send("DELETE", path, **request)

    def add_key(self, name: str = "mine", path: str = "/api/api-keys", **more: Any) -> dict[str, Any]:
        body = {"provider": "openai", "name": name, "api_key": VALUE, **more}
        answer = self.post(path, json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()


def stranger(portal: Portal) -> Rest:
    return Rest(portal)


def session_token(portal: Portal, name: str) -> str:
    with portal.database.transaction() as session:
        row = users.find_user_by_email(session, f"{name}@example.com")
        assert row is not None
        return begin_session(portal, session, row, "test").reveal()


def browser(portal: Portal, name: str) -> Rest:
    """A signed-in person on the portal's own pages."""
    cookie = f"{cookie_name(portal.settings)}={session_token(portal, name)}"
    return Rest(portal, Cookie=cookie, Origin=portal.settings.public_url)


def program(portal: Portal, name: str, *scopes: Scope) -> Rest:
    """A program with a new agent key of a person."""
    new = NewAgentKey(f"agent {uuid4()}", scopes or (Scope.RESOLVE,))
    token = agent_keys.create(portal, person(portal, name), new).token.reveal()
    return bearer(portal, token)


def bearer(portal: Portal, token: str) -> Rest:
    return Rest(portal, Authorization=f"Bearer {token}")


def routes() -> list[tuple[str, str]]:
    """Return every method and path the application really has."""
    found = [(m, r.path) for r in _shared_api().routes for m in r.methods]  # pyright: ignore[reportAttributeAccessIssue]
    return sorted(found, key=lambda pair: (pair[1], pair[0]))


def protected_routes() -> list[tuple[str, str]]:
    return [(method, path) for method, path in routes() if path not in PUBLIC]


def routes_with_json() -> list[tuple[str, str]]:
    without_body = (
        *("/test", "/revoke", "/reset-link", "/verification", "/api/auth/password"),
        "/api/resolve/{provider}",
        "/encryption-key/rotation",
    )
    return [
        (method, path)
        for method, path in protected_routes()
        if method in ("POST", "PUT") and not path.endswith(without_body)
    ]


def code_of(response: Response) -> str:
    return response.json()["error"]["code"]


def call_raw(
    portal: Portal, path: str, headers: dict[str, str], chunks: list[bytes]
) -> tuple[int, bytes, list[bytes]]:
    """POST chunks below any HTTP library; return status, body, and the chunks nobody asked for."""
    waiting = list(chunks)
    sent: list[Message] = []

    async def receive() -> Message:
        chunk = waiting.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(n.lower().encode(), v.encode()) for n, v in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 3000),
    }
    before = _portal.set(portal)
    try:
        asyncio.run(_shared_api()(scope, receive, send))
    finally:
        _portal.reset(before)
    body = b"".join(m.get("body", b"") for m in sent[1:])
    return sent[0]["status"], body, waiting
