"""In front of the websocket: one Origin, small frames, and the cookie swapped for its digest.

The app behind never holds a session token, so it cannot log, keep or send one.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keyportal.services.sessions import digest_of, token_in
from keyportal.settings import Settings

# As much as an import's text takes once it is escaped.
FRAME_LIMIT = 512 * 1024
# A stranger only loads a page; what they send is kept for a while.
STRANGERS_FRAME_LIMIT = 8 * 1024
# The digest takes the cookie's own place: the framework keeps that header from the browser's copy.
SESSION_HEADER = "cookie"
_POLICY_VIOLATION, _TOO_BIG = 1008, 1009
# What a client says about itself and who it is must not reach the app unchecked.
_STRIPPED = {SESSION_HEADER.encode(), b"authorization", b"x-forwarded-for"}


class WebsocketGate:
    """Lets in websockets of the portal's own pages, and closes those whose session has ended."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._origin = settings.public_url.encode()
        self._open: dict[str, set[asyncio.Event]] = defaultdict(set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith("/_event"):
            # The same events over long polling would pass by everything below.
            await _answer_404(send)
        else:
            await self._app(self._stripped(scope), receive, send)

    @property
    def open_sessions(self) -> set[str]:
        """The digests of sessions with an open websocket."""
        return set(self._open)

    def close_sessions(self, digests: set[str]) -> None:
        """Hang up on every websocket of these sessions."""
        for digest in digests:
            for closing in self._open.get(digest, ()):
                closing.set()

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if [v for k, v in scope["headers"] if k == b"origin"] != [self._origin]:
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return
        digest = self._session_digest(scope)
        stripped = self._stripped(scope)
        if digest:
            stripped["headers"].append((SESSION_HEADER.encode(), digest.encode()))
        limit = FRAME_LIMIT if digest else STRANGERS_FRAME_LIMIT
        closing = asyncio.Event()
        self._open[digest].add(closing)
        try:
            await self._app(stripped, _limited(receive, closing, limit), send)
        finally:
            self._open[digest].discard(closing)
            if not self._open[digest]:
                del self._open[digest]

    def _session_digest(self, scope: Scope) -> str:
        cookies = [v.decode("latin-1") for k, v in scope["headers"] if k == b"cookie"]
        token = token_in(self._settings, cookies)
        return digest_of(token) if token else ""

    def _stripped(self, scope: Scope) -> Scope:
        if "headers" not in scope:
            return scope
        return {**scope, "headers": [(k, v) for k, v in scope["headers"] if k not in _STRIPPED]}


def _limited(receive: Receive, closing: asyncio.Event, limit: int) -> Receive:
    """Return a receive that ends the connection on a large frame or when told to close."""

    async def limited() -> Message:
        if (message := await _first(receive, closing)) is None:
            return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}
        content = message.get("bytes") or (message.get("text") or "").encode("utf-8", "replace")
        if len(content) > limit:
            return {"type": "websocket.disconnect", "code": _TOO_BIG}
        return message

    return limited


async def _first(receive: Callable[[], Awaitable[Message]], closing: asyncio.Event) -> Message | None:
    """Return the next message, or None if the connection is to be closed first."""
    message, told = asyncio.ensure_future(receive()), asyncio.ensure_future(closing.wait())
    try:
        await asyncio.wait({message, told}, return_when=asyncio.FIRST_COMPLETED)
        return None if told.done() else message.result()
    finally:
        told.cancel()
        if not message.done():
            message.cancel()


async def _answer_404(send: Send) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
