"""Resolves at a steady rate, whether or not the ones before were answered. A program of its own.

Each latency counts from the moment the request was due: a server that stalls delays all that fall into
the stall, and every one of them says so.
"""

import selectors
import socket
import time
from dataclasses import dataclass

from benchmarks import children
from benchmarks.http_load import HOST, find_answer

_CONNECTIONS_AT_MOST = 512
_OPEN_FIRST = 8
_LAST_ANSWERS_S = 20.0
# The selector wakes up a little late; the rest is waited for by looking at the clock.
_EARLY_S = 0.002


@dataclass(frozen=True)
class Steady:
    """One request: when it was due on the clock all processes share, how long it took in ms, its status."""

    due: float
    ms: float
    status: int


class _Pool:
    """Connections that wait for an answer, and those that are free."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._selector = selectors.DefaultSelector()
        self._free: list[socket.socket] = []
        self._due: dict[socket.socket, float] = {}
        self._received: dict[socket.socket, bytes] = {}
        self.found: list[Steady] = []
        self._free.extend([self._open() for _ in range(_OPEN_FIRST)])

    @property
    def waits(self) -> bool:
        return bool(self._due)

    def send(self, request: bytes, due: float) -> None:
        if not self._free and len(self._due) >= _CONNECTIONS_AT_MOST:
            self.found.append(Steady(due, 0.0, 0))
            return
        connection = self._free.pop() if self._free else self._open()
        self._due[connection], self._received[connection] = due, b""
        connection.send(request)

    def receive(self, seconds: float) -> None:
        for key, _ in self._selector.select(max(0.0, seconds)):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            received = connection.recv(65536)
            if not received and connection in self._free:
                # Nothing was asked on it for long.
                self._free.remove(connection)
                self._selector.unregister(connection)
                connection.close()
                continue
            if not received:
                raise SystemExit("the server closed a connection")
            self._received[connection] += received
            found = find_answer(self._received[connection])
            if found is not None:
                due = self._due.pop(connection)
                self.found.append(Steady(due, (time.monotonic() - due) * 1000, found.status))
                self._free.append(connection)

    def give_up(self) -> None:
        """Tell of requests that were never answered: status 0."""
        now = time.monotonic()
        self.found.extend(Steady(due, (now - due) * 1000, 0) for due in self._due.values())

    def _open(self) -> socket.socket:
        opened = socket.create_connection((HOST, self._port), timeout=10)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setblocking(False)
        self._selector.register(opened, selectors.EVENT_READ)
        return opened


def main() -> None:
    told = children.told()
    requests = [one.encode() for one in told["requests"]]
    pool, pause = _Pool(told["port"]), 1 / told["rate"]
    children.begin()
    began = time.monotonic() + pause
    for number in range(int(told["seconds"] * told["rate"])):
        due = began + number * pause
        while (left := due - time.monotonic()) > 0:
            pool.receive(left - _EARLY_S)
        pool.send(requests[number % len(requests)], due)
    latest = time.monotonic() + _LAST_ANSWERS_S
    while pool.waits and time.monotonic() < latest:
        pool.receive(0.1)
    pool.give_up()
    children.answer([[one.due, one.ms, one.status] for one in pool.found])


if __name__ == "__main__":
    main()
