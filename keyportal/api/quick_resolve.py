"""Answers a plain resolve before any framework sees it.

Plain means: one agent key, what is wanted in the address or in a small JSON body in one piece, a key to
hand out. Everything else, and every doubt, goes on to the application behind, which knows all the rules
and all the refusals.
"""

import json
import logging
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keyportal.api.bodies import DEADLINE_S
from keyportal.api.deadlines import SharedDeadline
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
_MOST_WANTED = 1000
_NAMES = frozenset({"provider", "user", "model"})
_MODEL = re.compile(MODEL)
_BEARER = b"Bearer "
_JSON = (b"application/json", b"application/json; charset=utf-8")
# With one of these a request is not plain. Others say nothing to this route.
_NOT_PLAIN = frozenset({b"content-encoding", b"transfer-encoding", b"expect", b"cache-control", b"pragma"})
_NO_BODY = (b"", b"0")
# What a provider is called in an address; whatever else stands there is looked at behind.
_IN_ADDRESS = re.compile(r"[a-z0-9_-]{1,64}")
_NOTHING = (None, b"", False)
_from_json = json.JSONDecoder(object_pairs_hook=tuple).decode
_to_json = json.JSONEncoder(separators=(",", ":")).encode
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]

# A body, or an address with its query, as it came.
_Sent = bytes | tuple[str, bytes]


class QuickResolve:
    def __init__(self, app: ASGIApp, get_desk: Callable[[], ReleaseDesk]) -> None:
        self._app = app
        self._get_desk = get_desk
        self._around: WeakKeyDictionary[Release, tuple[str, str]] = WeakKeyDictionary()
        self._wanted: dict[_Sent, Wanted] = {}
        self._bodies = SharedDeadline(DEADLINE_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PATH) or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        bearer, length, is_json = _plain(scope["headers"])
        if bearer is None:
            await self._app(scope, receive, send)
            return
        desk, digest = self._get_desk(), digest_of(bearer)
        if not desk.knows(digest):
            # Before a byte of the body is waited for: strangers are refused behind.
            await self._app(scope, receive, _letting_in(send, desk, digest))
        elif scope["path"] != PATH:
            sent = (scope["path"], scope["query_string"])
            wanted = self._in_address(sent) if length in _NO_BODY else None
            await self._answer(desk, bearer, sent, wanted, scope, receive, send)
        elif is_json:
            await self._answer_body(desk, bearer, length, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer_body(
        self, desk: ReleaseDesk, bearer: bytes, length: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            message = await self._bodies.wait_for(receive())
        except TimeoutError:
            await answer_for(BodyTooSlow())(scope, receive, _private(send))
            return
        sent, wanted = message.get("body", b""), self._in_body(message, length)
        await self._answer(desk, bearer, sent, wanted, scope, _again(message, receive), send)

    async def _answer(
        self,
        desk: ReleaseDesk,
        bearer: bytes,
        sent: _Sent,
        wanted: Wanted | None,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        client = scope.get("client")
        try:
            found = await desk.release(bearer, wanted, client[0] if client else "") if wanted else None
        except Exception as problem:  # noqa: BLE001  whether it was counted is not known: not the long way
            _log_kind(problem)
            await answer_for(problem)(scope, receive, _private(send))
            return
        if found is None:
            await self._app(scope, receive, send)
            return
        body = self._body_of(found)
        self._remember(sent, wanted)
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

    def _in_body(self, message: Message, length: bytes) -> Wanted | None:
        """Return what a request asks for. Programs send the same few bodies over and over."""
        body = message.get("body", b"")
        # The server says "more" until the end was read; the length says whether there is any.
        if message["type"] != "http.request" or len(body) > _LARGEST or str(len(body)).encode() != length:
            return None
        return self._wanted.get(body) or _wanted_of(body)

    def _in_address(self, sent: tuple[str, bytes]) -> Wanted | None:
        return self._wanted.get(sent) or _wanted_at(*sent)

    def _remember(self, sent: _Sent, wanted: Wanted | None) -> None:
        """Keep what somebody sent means who got a key, and no other: what it holds is a name of ours."""
        if wanted is not None and sent not in self._wanted:
            if len(self._wanted) >= _MOST_WANTED:
                self._wanted.clear()
            self._wanted[sent] = wanted


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


def _plain(headers: list[tuple[bytes, bytes]]) -> tuple[bytes | None, bytes, bool]:
    """Return the one bearer value of plain headers, the body's announced length, and if it is JSON."""
    bearer, length, is_json = None, b"", False
    for name, value in headers:
        if name == b"authorization":
            if bearer is not None or not value.startswith(_BEARER):
                return _NOTHING
            bearer = value[len(_BEARER) :]
        elif name == b"content-type":
            if value not in _JSON or is_json:
                return _NOTHING
            is_json = True
        elif name == b"content-length":
            if length:
                return _NOTHING
            length = value
        elif name in _NOT_PLAIN:
            return _NOTHING
    return bearer, length, is_json


def _wanted_at(path: str, query: bytes) -> Wanted | None:
    """Return what an address asks for: a provider, and at most a model."""
    provider = path[len(PATH) + 1 :]
    if path[len(PATH)] != "/" or _IN_ADDRESS.fullmatch(provider) is None:
        return None
    if not query:
        return Wanted(provider)
    try:
        ((name, model),) = parse_qsl(query.decode("ascii"), strict_parsing=True, max_num_fields=1)
    except ValueError:
        return None
    return Wanted(provider, model=model) if name == "model" and _MODEL.fullmatch(model) else None


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
