"""Both clients behind one face, and a portal behind a real socket."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from keyportal.client import AsyncKeyPortal, KeyPortal, Resolution
from keyportal.services.portal import Portal
from tests.api.support import Rest
from tests.fakes.fake_provider import FakeProvider

AGENT_KEY = "kpa_CLIENTcanary0_0123456789abcdefghijklmnopqrstuv012345"
API_KEY = "sk-proj-CLIENTcanary0123456789abcdef"
SESSION_TOKEN = "FwoGZXIvYXdzCANARYsession"
ANSWER: dict[str, Any] = {
    "provider": "openai",
    "source": "user",
    "credential": {"id": "c-1", "name": "Mine", "mask": "****...cdef"},
    "api_key": API_KEY,
    "fields": {"session_token": SESSION_TOKEN},
    "base_url": "https://api.openai.com/v1",
    "resolution_id": "7c44c256-5feb-448f-bc83-7a2fd03fba8f",
    "failed_over_from": None,
}


def refused(code: str, message: str = "A fact.") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


class SlowHeaders:
    """Good headers, byte by byte for two seconds, then the answer; `ended` says it got there."""

    def __init__(self, fake: FakeProvider) -> None:
        self.ended = False
        self._stopping = fake.stopping
        fake.script.default = self._write
        fake.script.choose = None

    def _write(self, handler: Any) -> None:
        handler.send(b"HTTP/1.1 200 OK\r\nX-More: ")
        for _ in range(100):
            if self._stopping.wait(0.02):
                return
            handler.send(b"a")
        content = json.dumps(ANSWER).encode()
        handler.send(b"\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
        self.ended = True


class Waiting:
    """The client that waits."""

    def __init__(self, url: str, **options: Any) -> None:
        self._client = KeyPortal(url, AGENT_KEY, **options)

    def call(self, name: str, *arguments: Any, **more: Any) -> Any:
        return getattr(self._client, name)(*arguments, **more)

    def reporting(self, resolution: Resolution, error: BaseException | None = None) -> None:
        with self._client.reporting(resolution):
            if error is not None:
                raise error


class Awaiting:
    """The client of asyncio, with a loop for each call."""

    def __init__(self, url: str, **options: Any) -> None:
        self._make = lambda: AsyncKeyPortal(url, AGENT_KEY, **options)

    def call(self, name: str, *arguments: Any, **more: Any) -> Any:
        async def run() -> Any:
            async with self._make() as client:
                return await getattr(client, name)(*arguments, **more)

        return asyncio.run(run())

    def reporting(self, resolution: Resolution, error: BaseException | None = None) -> None:
        async def run() -> None:
            async with self._make() as client, client.reporting(resolution):
                if error is not None:
                    raise error

        asyncio.run(run())


@contextmanager
def served(portal: Portal) -> Iterator[str]:
    """Serve the REST application of a portal on loopback; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {n: v for n, v in self.headers.items() if n.lower() not in ("host", "connection")}
            answer = Rest(portal).send(self.command, self.path, content=body, headers=headers)
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
