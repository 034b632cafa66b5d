"""The one guarded client for every call that leaves KeyPortal.

Never follows a redirect, asks the environment for a proxy, decompresses or logs, and never shares a
connection between two secrets.
"""

import asyncio
import functools
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpcore
import httpx

from keyportal.domain.errors import InvalidInput
from keyportal.providers.egress import GuardedBackend, Reason, Unreachable
from keyportal.providers.urls import Url, origin_of, parse_url

__all__ = ["GuardedClient", "Reason", "Reply", "Unreachable", "is_sendable"]

_KEY = re.compile(r"[\x21-\x7e]+")
_METHOD = re.compile(r"[A-Z]{3,7}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
# Visible ASCII with single spaces inside: nothing that could end the line or start another header.
_HEADER_VALUE = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")
_OWN_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "KeyPortal",
}


@dataclass(frozen=True)
class Reply:
    """What came back. Header names are lower case; `truncated`: the body exceeds the cap."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    latency_ms: int
    truncated: bool = False


def is_sendable(secret_text: str) -> bool:
    """Tell whether a key may stand in a header: one or more visible ASCII characters, no space."""
    return _KEY.fullmatch(secret_text) is not None


class GuardedClient:
    """Sends requests to the open internet by https, or to exactly the origins an operator allowed.

    `deadline_s` covers everything: name, connection, TLS, headers and a trickled body.
    """

    def __init__(
        self, allowed_origins: frozenset[str], deadline_s: float = 10.0, max_bytes: int = 65536
    ) -> None:
        self._allowed_origins = frozenset(origin_of(origin) for origin in allowed_origins)
        self._deadline_s = deadline_s
        self._max_bytes = max_bytes

    @property
    def deadline_s(self) -> float:
        return self._deadline_s

    def allowing(self, origins: frozenset[str]) -> "GuardedClient":
        """Return a client that also reaches these origins, which an admin wrote down."""
        return GuardedClient(self._allowed_origins | origins, self._deadline_s, self._max_bytes)

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """Send one request on a fresh connection and read at most `max_bytes` of the answer.

        Raises:
            Unreachable: no reply came, or the request was refused before a socket was opened.
        """
        started = time.monotonic()
        target = self._require_target(url)
        request = _request(method, target, headers, body)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._exchange(target, request, started)
        except Exception as error:  # noqa: BLE001  # every library error ends here: some hold the request
            reason = _reason(error)
        # Raised outside the handler: `from None` would keep the library's error in __context__.
        raise Unreachable(reason)

    def _require_target(self, url: str) -> Url:
        try:
            target = parse_url(url)
        except InvalidInput:
            target = None
        if target is None:
            raise Unreachable(Reason.REFUSED_URL)
        is_usual = target.scheme == "https" and target.port == 443
        if not is_usual and target.origin not in self._allowed_origins:
            raise Unreachable(Reason.REFUSED_URL)
        return target

    async def _exchange(self, target: Url, request: httpcore.Request, started: float) -> Reply:
        pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls_context(),
            network_backend=GuardedBackend(trusted=target.origin in self._allowed_origins),
            max_connections=1,
        )
        async with pool:
            response = await pool.handle_async_request(request)
            try:
                headers = {
                    name.decode("latin-1").lower(): value.decode("latin-1")
                    for name, value in response.headers
                }
                body, truncated = await self._read(response, headers)
            finally:
                await response.aclose()
        return Reply(response.status, headers, body, elapsed_ms(started), truncated)

    async def _read(self, response: httpcore.Response, headers: Mapping[str, str]) -> tuple[bytes, bool]:
        # We asked for identity. What comes compressed is not unpacked: only its status counts.
        if headers.get("content-encoding", "identity").lower() != "identity":
            return b"", False
        body = b""
        async for chunk in response.aiter_stream():
            body += chunk
            if len(body) > self._max_bytes:
                return body[: self._max_bytes], True
        return body, False


def elapsed_ms(started: float) -> int:
    """Return the whole milliseconds since a reading of the monotonic clock."""
    return round((time.monotonic() - started) * 1000)


def _request(method: str, target: Url, headers: Mapping[str, str], body: bytes | None) -> httpcore.Request:
    if not _METHOD.fullmatch(method):
        raise Unreachable(Reason.REFUSED_HEADER)
    for name, value in headers.items():
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
            raise Unreachable(Reason.REFUSED_HEADER)
    host = target.origin.partition("://")[2]
    lines = {"Host": host, **_OWN_HEADERS, **headers}
    if body is not None:
        lines["Content-Length"] = str(len(body))
    return httpcore.Request(
        method,
        httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.target),
        headers=[(name.encode("ascii"), value.encode("ascii")) for name, value in lines.items()],
        content=body,
    )


def _reason(error: Exception) -> Reason:
    if isinstance(error, Unreachable):
        return error.reason
    if isinstance(error, TimeoutError | httpcore.TimeoutException):
        return Reason.TIMEOUT
    # httpcore re-raises `from None`: what TLS said survives only as the context.
    if isinstance(error.__context__, ssl.SSLError):
        return Reason.TLS
    if isinstance(error, httpcore.NetworkError | OSError):
        return Reason.CONNECTION
    return Reason.PROTOCOL


@functools.cache
def _tls_context() -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    # The bundled list works in a bare container; the machine's own adds a company's private CA.
    context.load_default_certs()
    return context
