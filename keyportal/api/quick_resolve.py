"""Answers the plain `POST /api/resolve` before any framework sees it.

Plain means: one agent key, a small JSON body in one piece, a key to hand out. Everything else, and every
doubt, goes on to the application behind, which knows all the rules and all the refusals.
"""

import asyncio
import json
import logging
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from weakref import WeakKeyDictionary

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keyportal.api.bodies import DEADLINE_S
from keyportal.api.errors import BodyTooSlow, answer_for
from keyportal.api.schemas import MODEL
from keyportal.domain.errors import KeyPortalError
from keyportal.services.release_cache import Wanted
from keyportal.services.release_desk import Released, ReleaseDesk, digest_of
from keyportal.services.releases import Release, ResolvedCredential
from keyportal.services.sealing import Opened

PATH = "/api/resolve"
_log = logging.getLogger(__name__)
_LARGEST = 4096
_LONGEST = 200
_MOST_BODIES = 1000
_NAMES = frozenset({"provider", "user", "model"})
_MODEL = re.compile(MODEL)
_BEARER = b"Bearer "
_JSON = (b"application/json", b"application/json; charset=utf-8")
# With one of these a request is not plain. Others say nothing to this route.
_NOT_PLAIN = frozenset({b"content-encoding", b"expect", b"cache-control", b"pragma"})
_from_json = json.JSONDecoder(object_pairs_hook=tuple).decode
_to_json = json.JSONEncoder(separators=(",", ":")).encode
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


class QuickResolve:
    def __init__(self, app: ASGIApp, get_desk: Callable[[], ReleaseDesk]) -> None:
        self._app = app
        self._get_desk = get_desk
        self._around: WeakKeyDictionary[Release, tuple[str, str]] = WeakKeyDictionary()
        self._wanted: dict[bytes, Wanted] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        bearer, length = _plain(scope["headers"])
        if bearer is None:
            await self._app(scope, receive, send)
            return
        desk, digest = self._get_desk(), digest_of(bearer)
        if not desk.knows(digest):
            # Before a byte of the body is waited for: strangers are refused behind.
            await self._app(scope, receive, _letting_in(send, desk, digest))
            return
        await self._answer(desk, bearer, length, scope, receive, send)

    async def _answer(
        self, desk: ReleaseDesk, bearer: bytes, length: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            async with asyncio.timeout(DEADLINE_S):
                message = await receive()
        except TimeoutError:
            await answer_for(BodyTooSlow())(scope, receive, _private(send))
            return
        wanted = self._read(message, length)
        client = scope.get("client")
        try:
            found = await desk.release(bearer, wanted, client[0] if client else "") if wanted else None
        except Exception as problem:  # noqa: BLE001  whether it was counted is not known: not the long way
            _log_kind(problem)
            await answer_for(problem)(scope, receive, _private(send))
            return
        if found is None:
            await self._app(scope, _again(message, receive), send)
            return
        body = self._body_of(found)
        self._remember(message["body"], wanted)
        headers = [*_HEADERS, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _body_of(self, found: Released) -> bytes:
        """Return the answer as `ResolutionOut` describes it. What is not secret is put together once."""
        release, opened = found.release, found.opened
        around = self._around.get(release)
        if around is None:
            around = _around(release, opened)
            if not release.has_secret_fields:
                self._around[release] = around
        before, behind = around
        return f'{before}{_to_json(opened.secret.reveal())}{behind}"{found.resolution_id}"}}'.encode()

    def _read(self, message: Message, length: bytes) -> Wanted | None:
        """Return what a request asks for. Programs send the same few bodies over and over."""
        body = message.get("body", b"")
        # The server says "more" until the end was read; the length says whether there is any.
        if message["type"] != "http.request" or len(body) > _LARGEST or str(len(body)).encode() != length:
            return None
        return self._wanted.get(body) or _wanted_of(body)

    def _remember(self, body: bytes, wanted: Wanted | None) -> None:
        """Keep what a body means that got a key, and no other: what it holds is a name of ours."""
        if wanted is not None and body not in self._wanted:
            if len(self._wanted) >= _MOST_BODIES:
                self._wanted.clear()
            self._wanted[body] = wanted


def _around(release: Release, opened: Opened) -> tuple[str, str]:
    """Return the parts of an answer before and behind the key."""
    before = {
        "provider": release.provider,
        "source": release.source,
        "credential": _credential(release.credential),
        "failed_over_from": _credential(release.failed_over_from),
        "api_key": "",
    }
    behind = {
        "fields": dict(opened.fields),
        "base_url": release.address(opened),
        "resolution_id": "",
    }
    return _to_json(before)[:-3], f",{_to_json(behind)[1:-3]}"


def _credential(found: ResolvedCredential | None) -> dict[str, str] | None:
    return {"id": found.id, "name": found.name, "mask": found.mask} if found else None


def _plain(headers: list[tuple[bytes, bytes]]) -> tuple[bytes | None, bytes]:
    """Return the one bearer value of a request whose headers are plain, and its announced length."""
    bearer, length, is_json = None, b"", False
    for name, value in headers:
        if name == b"authorization":
            if bearer is not None or not value.startswith(_BEARER):
                return None, b""
            bearer = value[len(_BEARER) :]
        elif name == b"content-type":
            if value not in _JSON or is_json:
                return None, b""
            is_json = True
        elif name == b"content-length":
            if length:
                return None, b""
            length = value
        elif name in _NOT_PLAIN:
            return None, b""
    return (bearer if is_json else None), length


def _wanted_of(body: bytes) -> Wanted | None:
    """Return what a body asks for, if it is one small JSON object of nothing but plain texts."""
    try:
        pairs = _from_json(body.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, tuple) or len(pairs) > len(_NAMES):
        return None
    given: dict[Any, Any] = dict(pairs)
    if len(given) != len(pairs) or not given.keys() <= _NAMES or not all(map(_is_plain, given.values())):
        return None
    provider, model = given.get("provider"), given.get("model")
    if provider is None or (model is not None and _MODEL.fullmatch(model) is None):
        return None
    return Wanted(provider, given.get("user"), model)


def _is_plain(value: Any) -> bool:
    return value is None or (
        isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isascii() and value.isprintable()
    )


def _again(message: Message, receive: Receive) -> Receive:
    """Return a receive that gives the message that was read already first."""
    waiting = [message]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _letting_in(send: Send, desk: ReleaseDesk, digest: bytes) -> Send:
    """Return a send that lets the desk know of an agent key that got an answer."""

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
            desk.let_in(digest)
        await send(message)

    return send_on


def _log_kind(problem: Exception) -> None:
    """Log what it was and not what it said: that may be somebody's key."""
    if not isinstance(problem, KeyPortalError):
        _log.error("POST /api/resolve failed with %s", type(problem).__name__)


def _private(send: Send) -> Send:
    async def send_private(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *_HEADERS[1:]]
        await send(message)

    return send_private
