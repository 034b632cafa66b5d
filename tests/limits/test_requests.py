"""The sizes of what is sent: bodies, forms, texts in addresses, and frames of the websocket."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.types import Message

from keyportal.api import bodies
from keyportal.api.errors import BodyTooSlow
from keyportal.domain.addresses import own_page
from keyportal.services.portal import Portal
from keyportal.services.sessions import cookie_name
from keyportal.ui.web.gate import WebsocketGate
from tests.api.support import VALUE, program
from tests.limits.support import JSON, World, answer_of, around, run_jumping
from tests.support import FakeClock

limit = pytest.mark.limit


@pytest.fixture
def world(portal: Portal, clock: FakeClock) -> World:
    return World.of(portal, clock)


def padded(content: bytes, size: int) -> bytes:
    return content + b" " * (size - len(content))


@limit("body-json")
def test_a_json_body_of_256_kib(world: World) -> None:
    def add(size: int) -> tuple[int, str]:
        body = json.dumps({"provider": "openai", "name": f"key {size}", "api_key": VALUE}).encode()
        return answer_of(world.client.post("/api/api-keys", content=padded(body, size), headers=JSON))

    assert [add(size) for size in around("body-json")] == [(201, ""), (201, ""), (413, "body_too_large")]


@limit("body-import")
def test_the_body_of_an_import_of_1_mib(world: World) -> None:
    def import_keys(size: int) -> tuple[int, str]:
        body = json.dumps({"text": f"OPENAI_API_KEY={VALUE}"}).encode()
        path = "/api/api-keys/import"
        return answer_of(world.client.post(path, content=padded(body, size), headers=JSON))

    assert [import_keys(size)[0] for size in around("body-import")] == [200, 200, 413]


@limit("body-form")
def test_a_form_of_16_kib(world: World) -> None:
    def sign_in(size: int) -> int:
        form = urlencode({"email": "nobody@example.com", "password": "x", "next": ""}).encode()
        body = form + b"a" * (size - len(form))
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://localhost:3000"}
        return world.anyone.post("/api/auth/sign-in", content=body, headers=headers).status_code

    assert [sign_in(size) for size in around("body-form")] == [401, 401, 413]


@limit("form-fields")
def test_a_form_of_50_fields(world: World) -> None:
    def sign_in(count: int) -> int:
        names = ["email", "password", *(f"field{n}" for n in range(count - 2))]
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://localhost:3000"}
        return world.anyone.post(
            "/api/auth/sign-in", content=urlencode(dict.fromkeys(names, "x")), headers=headers
        ).status_code

    assert [sign_in(count) for count in around("form-fields")] == [422, 422, 400]


@limit("body-depth")
def test_a_body_nested_32_levels_deep(world: World) -> None:
    def add(depth: int) -> tuple[int, str]:
        body = b'{"name":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"
        return answer_of(world.client.post("/api/api-keys", content=body, headers=JSON))

    # Not a name, but read.
    read, refused = (422, "invalid_input"), (400, "invalid_json")
    assert [add(depth) for depth in around("body-depth")] == [read, read, refused]


@limit("body-seconds")
def test_a_body_that_takes_10_seconds() -> None:
    def comes_after(seconds: float) -> bool:
        async def receive() -> Message:
            await asyncio.sleep(seconds)
            return {"type": "http.request", "body": b"{}"}

        async def read() -> bytes | None:
            return await bodies._read_in_time(receive, bodies.Headers({}), 100)

        try:
            return run_jumping(read()) == b"{}"
        except BodyTooSlow:
            return False

    n = bodies.DEADLINE_S
    assert [comes_after(seconds) for seconds in (n - 1, n - 0.001, n + 0.001, n + 1)] == [
        True, True, False, False]  # fmt: skip


Ask = Callable[[World, int], Any]
# How much of something is sent, and what it is answered when it is too much.
TEXTS: dict[str, Ask] = {
    "search-text": lambda world, size: world.client.get(f"/api/api-keys?q={'x' * size}"),
    "extra-fields": lambda world, size: world.client.put(
        "/api/api-keys/3f0c2d4e-6a1b-4c8d-9e2f-0123456789ab",
        json={"fields": {f"f{n}": "x" for n in range(size)}},
    ),
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=limit(name)) for name in TEXTS])
def test_so_much_and_not_more_is_read(world: World, name: str) -> None:
    less, exact, more = (answer_of(TEXTS[name](world, size)) for size in around(name))
    # What is read leads to an answer, be it that there is no such key.
    assert less == exact and less[0] in (200, 404)
    assert more == (422, "invalid_input")


@limit("model-name")
def test_a_model_s_name_of_200_characters(world: World) -> None:
    world.client.add_key()
    agent = program(world.portal, "alice")
    sent = [agent.post("/api/resolve", json={"provider": "openai", "model": "m" * n})
            for n in around("model-name")]  # fmt: skip
    assert [answer_of(one) for one in sent] == [(200, ""), (200, ""), (422, "invalid_input")]


@limit("test-model-name")
def test_the_name_of_a_model_to_test_of_128_characters(world: World) -> None:
    one = f"/api/api-keys/{world.client.add_key()['id']}/test"
    sent = [world.client.post(f"{one}?model={'m' * n}") for n in around("test-model-name")]
    assert [answer_of(one) for one in sent] == [(200, ""), (200, ""), (422, "invalid_input")]


@limit("return-address")
def test_an_address_to_return_to_of_2000_characters() -> None:
    pages = [own_page("/api-keys?q=".ljust(n, "x"), {"/", "/api-keys"}) for n in around("return-address")]
    assert [len(page) for page in pages] == [1999, 2000, 1]


class Heard:
    """The app behind the gate: keeps the type of each message."""

    def __init__(self) -> None:
        self.types: list[str] = []

    async def __call__(self, _scope: object, receive: Callable[[], Any], _send: object) -> None:
        self.types.append((await receive())["type"])


def frame(portal: Portal, size: int, cookie: str) -> str:
    """Return what the app behind the gate hears of a frame of this size."""

    async def receive() -> Message:
        return {"type": "websocket.receive", "text": "x" * size}

    async def send(_message: Message) -> None:
        return

    headers = [(b"origin", portal.settings.public_url.encode())]
    if cookie:
        headers.append((b"cookie", f"{cookie_name(portal.settings)}={cookie}".encode()))
    heard = Heard()
    scope = {"type": "websocket", "path": "/_event", "headers": headers}
    asyncio.run(WebsocketGate(heard, settings=portal.settings)(scope, receive, send))  # pyright: ignore[reportArgumentType]
    return heard.types[0].partition(".")[2]


@pytest.mark.parametrize(
    ("name", "cookie"),
    [
        pytest.param("frame", "a session's token", marks=limit("frame")),
        pytest.param("frame-stranger", "", marks=limit("frame-stranger")),
    ],
)
def test_a_frame_of_the_websocket(portal: Portal, name: str, cookie: str) -> None:
    heard = [frame(portal, size, cookie) for size in around(name)]
    assert heard == ["receive", "receive", "disconnect"]
