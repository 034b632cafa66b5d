"""A provider's server on loopback: real sockets, scripted answers, every request kept.

Use it as a context manager. Answers may be changed while it runs; the default is 404.
"""

import json
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import TracebackType

Writer = Callable[["_Handler"], None]


@dataclass(frozen=True)
class Received:
    """One request as it arrived. Header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """A status and a body: JSON, unless it is bytes."""

    status: int
    body: object
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Steps(Answer):
    """An answer to each step of a check by its name (see `steps_of`), and itself to any other."""

    by_name: Mapping[str, Answer] = field(default_factory=dict)

    @classmethod
    def of(cls, by_name: Mapping[str, Answer]) -> "Steps":
        return cls(404, {}, by_name=by_name)


Choose = Callable[[Received], Answer]
# None leaves a request to what the fake does by default.
ChooseSome = Callable[[Received], Answer | None]


@dataclass
class _Script:
    default: Writer
    by_key: dict[str, Writer] = field(default_factory=dict)
    choose: ChooseSome | None = None

    def pick(self, request: Received) -> Writer:
        for key, writer in self.by_key.items():
            if any(value.split(" ")[-1] == key for value in request.headers.values()):
                return writer
        answer = self.choose(request) if self.choose is not None else None
        return (
            self.default
            if answer is None
            else _answer_with(answer.status, answer.content, dict(answer.headers))
        )


def steps_of(request: Received) -> tuple[str, ...]:
    """Return the names a request's step may have, the most telling one first.

    They are its path after the word made-up where such a key came with it, the operation of AWS, the path.
    """
    path = request.path.partition("?")[0]
    target = request.headers.get("x-amz-target")
    return (*([f"made-up {path}"] if is_made_up(request) else []), *([target] if target else []), path)


def is_made_up(request: Received) -> bool:
    """Tell whether a request brings the kind of key that is made up for a comparison."""
    return any(re.search(r"\bsk-[0-9a-f]{48}$", value) for value in request.headers.values())


def answer_in(situation: Answer, request: Received) -> Answer:
    """Return how a provider answers a request in a situation: it never takes a key made up."""
    if not isinstance(situation, Steps):
        return Answer(401, {}) if is_made_up(request) else situation
    by_name = situation.by_name
    return next((by_name[name] for name in steps_of(request) if name in by_name), situation)


class FakeProvider:
    """Counts every connection in `hits`, even one that never becomes a request."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Received] = []
        self.hits = 0
        self.tls = tls
        self.stopping = threading.Event()
        self.script = _Script(_answer_with(404, b"{}", {}))
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> "FakeProvider":
        self._thread.start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "FakeProvider":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def answer(
        self,
        status: int,
        body: object = b"",
        headers: Mapping[str, str] | None = None,
        *,
        key: str | None = None,
    ) -> None:
        """Answer every request like this, or only those carrying `key`. JSON unless bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._say(_answer_with(status, content, headers or {}), key)

    def answer_by(self, choose: ChooseSome) -> None:
        """Answer each request as `choose` says, by what came in it, and as before where it says None."""
        self.script.choose = choose

    def act(self, situation: Answer | Mapping[str, Answer]) -> None:
        """Answer like a provider in a situation, or each step of a check by its name."""
        acted = situation if isinstance(situation, Answer) else Steps.of(situation)
        self.answer_by(lambda request: answer_in(acted, request))

    def answer_raw(self, content: bytes, *, key: str | None = None) -> None:
        """Send exactly these bytes and close: broken HTTP, wrong lengths."""
        self._say(lambda handler: handler.send(content), key)

    def trickle(self, *, key: str | None = None) -> None:
        """Send good headers, then one byte of body at a time, for ever."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n"
        self._say(lambda handler: handler.send_for_ever(head, b" ", pause_s=0.02), key)

    def send_endless_headers(self, *, key: str | None = None) -> None:
        """Never come to the end of the headers."""
        line = b"X-More: " + b"a" * 1000 + b"\r\n"
        self._say(lambda handler: handler.send_for_ever(b"HTTP/1.1 200 OK\r\n", line), key)

    def stay_silent(self, *, key: str | None = None) -> None:
        """Accept the request and never answer."""
        self._say(lambda handler: handler.send_for_ever(b"", b"", pause_s=0.02), key)

    def drop(self, *, key: str | None = None) -> None:
        """Close the connection without an answer."""
        self.answer_raw(b"", key=key)

    def _say(self, writer: Writer, key: str | None) -> None:
        if key is None:
            self.script.default = writer
            self.script.choose = None
        else:
            self.script.by_key[key] = writer


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    # A handler that trickles for ever must not hold up the end of a test.
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, fake: FakeProvider) -> None:
        self.fake = fake
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        if self.fake.tls is not None:
            # The handshake comes with the first byte that a handler's thread reads.
            connection = self.fake.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def verify_request(self, request: object, client_address: object) -> bool:
        self.fake.hits += 1
        return True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up early is what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        request = Received(self.command, self.path, headers, body)
        self.server.fake.requests.append(request)
        self.close_connection = True
        self.server.fake.script.pick(request)(self)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    def send(self, content: bytes) -> None:
        self.wfile.write(content)
        self.wfile.flush()

    def send_for_ever(self, first: bytes, then: bytes, pause_s: float = 0.0) -> None:
        self.send(first)
        while not self.server.fake.stopping.wait(pause_s):
            self.send(then)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test output clean."""


def _answer_with(status: int, content: bytes, headers: Mapping[str, str]) -> Writer:
    def write(handler: _Handler) -> None:
        handler.send_response(status)
        lines = {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
        for name, value in lines.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.send(content)

    return write
