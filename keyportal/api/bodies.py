"""Reads a request's body before the framework does: bounded, strictly parsed, then replayed.

Never echoes or logs a byte of it.
"""

import asyncio
import json
import time
from email.message import Message as MimeHeader
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keyportal.api.errors import BodyTooLarge, BodyTooSlow, InvalidBody, InvalidForm, UnsupportedMediaType
from keyportal.api.visits import Takes, visit_of
from keyportal.domain.errors import InvalidInput

LIMITS = {Takes.JSON: 256 * 1024, Takes.FORM: 16 * 1024}
# A whole file of keys, escaped, and what was decided about each line.
LARGER = {"/api/api-keys/import": 1024 * 1024, "/api/admin/api-keys/import": 1024 * 1024}
MEDIA_TYPES = {Takes.JSON: "application/json", Takes.FORM: "application/x-www-form-urlencoded"}
DEEPEST = 32
DEADLINE_S = 10
_STILL_FRESH_S = 0.5
_MOST_FIELDS = 50


class Bodies:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        takes = visit_of(scope).takes if scope["type"] == "http" else Takes.NOTHING
        if takes is Takes.NOTHING:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        started = time.monotonic()
        limit = LARGER.get(scope["path"], LIMITS[takes])
        body = await _read_in_time(receive, headers, limit)
        if body is None:
            return
        if time.monotonic() - started > _STILL_FRESH_S:
            # Whoever came in may have been thrown out while the body trickled.
            await visit_of(scope).admit_again()
        _require_media_type(headers, takes, body)
        await run_in_threadpool(_require_json if takes is Takes.JSON else _require_form, body)
        await self._app(scope, _replaying(body, receive), send)


async def _read_in_time(receive: Receive, headers: Headers, limit: int) -> bytes | None:
    try:
        async with asyncio.timeout(DEADLINE_S):
            return await _read(receive, headers, limit)
    except TimeoutError:
        pass
    raise BodyTooSlow


async def _read(receive: Receive, headers: Headers, limit: int) -> bytes | None:
    """Return the whole body, or None if the caller hung up. Counts what comes, whatever was announced."""
    announced = headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and (len(announced) > 18 or int(announced) > limit):
        raise BodyTooLarge(f"The body is too large: at most {limit // 1024} KiB.")
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(f"The body is too large: at most {limit // 1024} KiB.")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _require_media_type(headers: Headers, takes: Takes, body: bytes) -> None:
    if not body:
        raise (InvalidBody if takes is Takes.JSON else InvalidForm)("The body is empty.")
    header = MimeHeader()
    header["content-type"] = headers.get("content-type", "")
    charset = header.get_param("charset", "utf-8")
    plain = headers.get("content-encoding", "identity").lower() == "identity"
    known = str(charset).lower() in ("utf-8", "utf8")
    if header.get_content_type() != MEDIA_TYPES[takes] or not known or not plain:
        raise UnsupportedMediaType(f"This route takes {MEDIA_TYPES[takes]} in UTF-8.")


def _require_json(body: bytes) -> None:
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_number,
            parse_float=_finite,
        )
    except (ValueError, RecursionError):
        value = _refused
    # Raised outside the handler: the decoder's error holds the whole document.
    if value is _refused:
        raise InvalidBody
    _require_clean(value)


_refused = object()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse_number(text: str) -> NoReturn:
    raise ValueError("not a number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("too large")
    return number


def _require_clean(value: Any) -> None:
    """Walk the whole document without recursion: not too deep, every text storable."""
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, str):
            _require_storable(item)
        elif isinstance(item, dict | list):
            if depth > DEEPEST:
                raise InvalidBody(f"The body is nested too deeply: at most {DEEPEST} levels.")
            children = [*item, *item.values()] if isinstance(item, dict) else item
            waiting.extend((child, depth + 1) for child in children)


def _require_form(body: bytes) -> None:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        pairs = None
    names = [name for name, _ in pairs or ()]
    if pairs is None or len(set(names)) != len(names):
        raise InvalidForm
    for text in (t for pair in pairs for t in pair):
        _require_storable(text)


def _require_storable(text: str) -> None:
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise InvalidInput("A text in the body has characters that cannot be stored.")


def _replaying(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
