"""A load client of raw sockets: each connection sends its next request as soon as it has an answer.

It costs about 20 µs a request, so that the server is what is measured and not the client.
"""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

HOST = "127.0.0.1"
_HEAD_END = b"\r\n\r\n"
# What the first answers of new connections take is not counted.
_LEAD_IN_S = 0.15
_PATIENCE_S = 60.0


class ConnectionEnded(Exception):
    """The server closed a connection under load."""


@dataclass(frozen=True)
class Answer:
    """One whole answer at the start of a buffer; `end` is where the next one begins."""

    status: int
    body: bytes
    end: int


@dataclass
class Load:
    """What came back. Latencies are in seconds, in the order of the answers."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    sent: int = 0

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def refused(self) -> int:
        """How many answers were not a success."""
        return sum(number for status, number in self.statuses.items() if not 200 <= status < 300)


@dataclass
class _Connection:
    socket: socket.socket
    requests: Sequence[bytes]
    turn: int = 0
    began: float = 0.0
    received: bytes = b""

    def send_next(self) -> None:
        request = self.requests[self.turn % len(self.requests)]
        self.turn += 1
        self.began = time.perf_counter()
        self.socket.send(request)


def request_of(method: str, path: str, token: str = "", body: bytes = b"") -> bytes:
    """Return a request of HTTP/1.1 that leaves the connection open."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(body)}"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += ["Content-Type: application/json"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def find_answer(received: bytes) -> Answer | None:
    """Return the first answer of a buffer, or None while it is not complete."""
    head_end = received.find(_HEAD_END)
    if head_end < 0:
        return None
    start = head_end + len(_HEAD_END)
    head = received[:head_end].lower()
    status = int(head[9:12])
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        line_end = head.find(b"\r\n", at + 2)
        end = start + int(head[at + 17 : line_end if line_end > 0 else None])
        return Answer(status, received[start:end], end) if len(received) >= end else None
    if b"\r\ntransfer-encoding: chunked" in head:
        return _find_chunked(received, start, status)
    return Answer(status, b"", start)


def run(
    port: int,
    requests: Sequence[bytes],
    connections: int,
    *,
    seconds: float = float("inf"),
    count: int | None = None,
    keep: Callable[[bytes], object] | None = None,
    may_end: bool = False,
) -> Load:
    """Load a server for so many seconds, until so many answers came, or with `may_end` until it is gone.

    The requests are dealt out to the connections, which repeat theirs. `keep` is called with the body of
    each success. Raises ConnectionEnded where the server hangs up and may not, or says nothing any more.
    """
    with selectors.DefaultSelector() as selector:
        crowd = _Crowd(selector, Load(), time.perf_counter(), keep, may_end)
        try:
            for number in range(connections):
                crowd.connect(port, requests[number % len(requests) :: connections])
            if count is None:
                crowd.counts_from += _LEAD_IN_S
            crowd.go_on(crowd.counts_from + seconds, count)
        finally:
            crowd.hang_up()
    return crowd.load


@dataclass
class _Crowd:
    """All connections, and what came back on them."""

    selector: selectors.BaseSelector
    load: Load
    counts_from: float
    keep: Callable[[bytes], object] | None
    may_end: bool

    def connect(self, port: int, requests: Sequence[bytes]) -> None:
        opened = socket.create_connection((HOST, port), timeout=10)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setblocking(False)
        self.selector.register(opened, selectors.EVENT_READ, _Connection(opened, requests))

    def go_on(self, until: float, count: int | None) -> None:
        """Send the first requests, then one for each answer."""
        for key in list(self.selector.get_map().values()):
            self._send(key.data)
        while time.perf_counter() < until and self.selector.get_map():
            if count is not None and len(self.load.latencies) >= count:
                break
            ready = self.selector.select(_PATIENCE_S)
            if not ready:
                raise ConnectionEnded(f"no answer for {_PATIENCE_S:.0f} s")
            for key, _ in ready:
                self._receive(key.data)
        self.load.seconds = time.perf_counter() - self.counts_from

    def hang_up(self) -> None:
        for key in list(self.selector.get_map().values()):
            key.data.socket.close()

    def _receive(self, connection: _Connection) -> None:
        try:
            received = connection.socket.recv(65536)
        except OSError:
            received = b""
        if not received:
            self._end(connection)
            return
        connection.received += received
        answer = find_answer(connection.received)
        if answer is None:
            return
        connection.received = connection.received[answer.end :]
        self._take(answer, time.perf_counter(), connection.began)
        self._send(connection)

    def _take(self, answer: Answer, now: float, began: float) -> None:
        self.load.statuses[answer.status] += 1
        if self.keep is not None and answer.status == 200:
            self.keep(answer.body)
        if now >= self.counts_from:
            self.load.latencies.append(now - began)

    def _send(self, connection: _Connection) -> None:
        try:
            connection.send_next()
        except OSError:
            self._end(connection)
            return
        self.load.sent += 1

    def _end(self, connection: _Connection) -> None:
        self.selector.unregister(connection.socket)
        connection.socket.close()
        if not self.may_end:
            raise ConnectionEnded("the server closed a connection")


def _find_chunked(received: bytes, start: int, status: int) -> Answer | None:
    body, at = b"", start
    while (line_end := received.find(b"\r\n", at)) >= 0:
        size = int(received[at:line_end].partition(b";")[0], 16)
        at = line_end + 2
        if len(received) < at + size + 2:
            return None
        if size == 0:
            return Answer(status, body, at + 2)
        body += received[at : at + size]
        at += size + 2
    return None
