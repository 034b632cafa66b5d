"""The short way of a resolve: for every request the same answer as the long way's, and never its own idea."""

import asyncio
import json
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from keyportal.api import quick_resolve
from keyportal.api.app import create_api
from keyportal.api.quick_resolve import QuickResolve
from keyportal.domain.errors import StorageUnavailable
from keyportal.domain.principals import Scope as KeyScope
from keyportal.services import agent_keys
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.services.release_desk import digest_of, open_desk
from tests.conftest import person
from tests.services.support import SYSTEM, events, row_of, save

JSON = (b"content-type", b"application/json")
PLAIN = b'{"provider":"openai"}'


@pytest.fixture
def token(portal: Portal) -> str:
    alice = person(portal, "alice")
    save(portal, alice)
    return agent_keys.create(portal, alice, NewAgentKey("ci")).token.reveal()


class Asked:
    """What came back, and whether the application behind was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.went_on = 0, b"", False
        self.headers: dict[bytes, bytes] = {}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def _ask(
    app: QuickResolve, asked: Asked, body: bytes, headers: list[tuple[bytes, bytes]], **more: Any
) -> Asked:
    chunks: list[bytes] = more.pop("chunks", [body])
    never: bool = more.pop("never", False)
    length = (b"content-length", str(len(body)).encode())
    scope = {
        "type": "http", "method": "POST", "path": "/api/resolve", "root_path": "", "query_string": b"",
        "scheme": "http", "http_version": "1.1", "server": ("localhost", 80), "client": ("192.0.2.7", 1),
        "asgi": {"version": "3.0"}, "state": {}, "headers": [length, *headers], **more}  # fmt: skip
    last = len(chunks) - 1
    waiting = [{"type": "http.request", "body": c, "more_body": i < last} for i, c in enumerate(chunks)]

    async def receive() -> Any:
        if never:
            await asyncio.Event().wait()
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            asked.status, asked.headers = message["status"], dict(message["headers"])
        else:
            asked.body += message.get("body", b"")

    await app(scope, receive, send)
    return asked


_portals: list[Portal] = []


@cache
def _api() -> ASGIApp:
    return create_api(lambda: _portals[0])


def ask(
    portal: Portal,
    body: bytes,
    *headers: tuple[bytes, bytes],
    times: int = 1,
    is_known: bool = True,
    **more: Any,
) -> Asked:
    """Send it with an agent key that was let in before, or with one that is not known yet."""
    digests = [digest_of(v.removeprefix(b"Bearer ")) for name, v in headers if name == b"authorization"]

    async def run() -> Asked:
        _portals[:] = [portal]
        asked = Asked()

        async def behind(scope: Scope, receive: Receive, send: Send) -> None:
            asked.went_on = True
            await _api()(scope, receive, send)

        async with open_desk(portal) as desk:
            for digest in digests if is_known else []:
                desk.let_in(digest)
            for _ in range(times):
                asked.body = b""
                await _ask(QuickResolve(behind, lambda: desk), asked, body, list(headers), **more)
        return asked

    return asyncio.run(run())


def bearer(token: str) -> tuple[bytes, bytes]:
    return b"authorization", f"Bearer {token}".encode()


def test_a_plain_resolve_is_answered_here_as_it_would_be_behind(portal: Portal, token: str) -> None:
    quick = ask(portal, PLAIN, bearer(token), JSON)
    long = ask(portal, PLAIN, bearer(token), JSON, (b"cache-control", b"no-cache"))
    assert (quick.went_on, long.went_on, quick.status, long.status) == (False, True, 200, 200)
    answers = [quick.json, long.json]
    assert len({answer.pop("resolution_id") for answer in answers}) == 2
    assert answers[0] == answers[1]
    kept = {name: value for name, value in long.headers.items() if name != b"content-length"}
    assert kept.items() <= quick.headers.items()


def test_it_is_counted_with_the_caller_s_address(portal: Portal, token: str) -> None:
    answer = ask(portal, PLAIN, bearer(token), JSON, times=3).json
    event = events(portal)[-1]
    assert (event.uid, event.address) == (answer["resolution_id"], "192.0.2.7")
    assert row_of(portal, answer["credential"]["id"]).usage_count == 3


_ODD_BODIES = [
    b"", b"null", b"[]", b"1", b'"openai"', b"{}", b"{", b"\xff", b'{"provider":null}', b'{"provider":1}',
    b'{"provider":""}', b'{"provider":["openai"]}', b'{"provider":{"a":"b"}}', b'[["provider","openai"]]',
    b'{"provider":"openai","provider":"groq"}', b'{"provider":"openai","x":1}', b'{"model":"gpt-4o"}',
    b'{"provider":"open\\u0000ai"}', b'{"provider":"\\ud800"}', b'{"provider":"openai","model":" x"}',
    b'{"provider":"openai","model":"a b"}', b'{"provider":"openai","model":""}', b'{"provider":NaN}',
    b'{"provider":"openai","user":""}', b'{"provider":"openai","user":1}', b'{"provider":"nobody"}',
    b'{"provider":"groq"}', b'{"provider":"openai","user":"bob@example.com"}', b"[" * 3000,
    b'{"provider":"' + b"x" * 5000 + b'"}',
]  # fmt: skip


@pytest.mark.parametrize("body", _ODD_BODIES, ids=lambda b: repr(b[:40]))
def test_every_odd_body_gets_the_long_way_s_refusal(portal: Portal, token: str, body: bytes) -> None:
    found = ask(portal, body, bearer(token), JSON)
    expected = ask(portal, body, bearer(token), JSON, (b"cache-control", b"no-cache"))
    assert found.went_on and 400 <= found.status < 500
    assert (found.status, found.json) == (expected.status, expected.json)


_ODD_HEADERS: dict[str, list[tuple[bytes, bytes]]] = {
    "no key": [JSON],
    "no type": [(b"authorization", b"Bearer TOKEN")],
    "another type": [(b"authorization", b"Bearer TOKEN"), (b"content-type", b"text/plain")],
    "another charset": [
        (b"authorization", b"Bearer TOKEN"), (b"content-type", b"application/json; charset=latin-1")],
    "packed": [(b"authorization", b"Bearer TOKEN"), JSON, (b"content-encoding", b"gzip")],
    "two keys": [(b"authorization", b"Bearer TOKEN"), (b"authorization", b"Bearer TOKEN"), JSON],
    "junk": [(b"authorization", b"Bearer kpa_junk"), JSON],
    "not latin": [(b"authorization", b"Bearer \xff\xfe"), JSON],
    "basic": [(b"authorization", b"Basic TOKEN"), JSON],
    "two types": [(b"authorization", b"Bearer TOKEN"), (b"content-type", b"text/plain"), JSON],
}  # fmt: skip


@pytest.mark.parametrize("name", _ODD_HEADERS)
def test_every_odd_header_gets_the_long_way_s_refusal(portal: Portal, token: str, name: str) -> None:
    headers = [(n, v.replace(b"TOKEN", token.encode())) for n, v in _ODD_HEADERS[name]]
    found = ask(portal, PLAIN, *headers)
    expected = ask(portal, PLAIN, *headers, (b"cache-control", b"no-cache"))
    assert found.went_on and 400 <= found.status < 500
    assert (found.status, found.json) == (expected.status, expected.json)


IN_ADDRESS: dict[str, Any] = {"path": "/api/resolve/openai"}


@pytest.mark.parametrize("query", [b"", b"model=gpt-4o", b"model=meta%2Fllama"], ids=str)
def test_what_is_asked_in_the_address_is_answered_here(portal: Portal, token: str, query: bytes) -> None:
    asked = {**IN_ADDRESS, "query_string": query}
    quick = ask(portal, b"", bearer(token), **asked)
    long = ask(portal, b"", bearer(token), (b"cache-control", b"no-cache"), **asked)
    assert (quick.went_on, long.went_on, quick.status, long.status) == (False, True, 200, 200)
    answers = [quick.json, long.json]
    assert len({answer.pop("resolution_id") for answer in answers}) == 2
    assert answers[0] == answers[1]
    asked_for = [event.details.get("model") for event in events(portal)[-2:]]
    assert asked_for == [parse_qs(query.decode()).get("model", [None])[0]] * 2


_ODD_ADDRESSES = {
    "nobody": ("/api/resolve/nobody", b""), "not set up": ("/api/resolve/groq", b""),
    "deeper": ("/api/resolve/openai/x", b""),
    "nothing": ("/api/resolve/", b""), "beside": ("/api/resolved", b""), "odd": ("/api/resolve/a b", b""),
    "not ascii": ("/api/resolve/é", b""), "empty model": ("/api/resolve/openai", b"model="),
    "odd model": ("/api/resolve/openai", b"model=a%20b"), "not utf-8": ("/api/resolve/openai", b"model=%ff"),
}  # fmt: skip


@pytest.mark.parametrize("name", _ODD_ADDRESSES)
def test_every_odd_address_gets_the_long_way_s_refusal(portal: Portal, token: str, name: str) -> None:
    path, query = _ODD_ADDRESSES[name]
    found = ask(portal, b"", bearer(token), path=path, query_string=query)
    expected = ask(portal, b"", bearer(token), (b"cache-control", b"no-cache"), path=path, query_string=query)
    assert found.went_on and 400 <= found.status < 500
    assert (found.status, found.json) == (expected.status, expected.json)


@pytest.mark.parametrize("query", [b"user=bob%40example.com", b"model=a&model=b", b"x=1"], ids=str)
def test_a_query_that_says_more_is_looked_at_behind(portal: Portal, token: str, query: bytes) -> None:
    assert ask(portal, b"", bearer(token), **IN_ADDRESS, query_string=query).went_on


@pytest.mark.parametrize("header", [(b"transfer-encoding", b"chunked"), (b"expect", b"100-continue")])
def test_an_address_with_a_body_is_looked_at_behind(
    portal: Portal, token: str, header: tuple[bytes, bytes]
) -> None:
    assert ask(portal, PLAIN, bearer(token), JSON, **IN_ADDRESS).went_on
    assert ask(portal, b"", bearer(token), header, **IN_ADDRESS).went_on


def test_a_stranger_is_refused_by_address_too(portal: Portal, token: str) -> None:
    save(portal, person(portal, "root"), ownership=SYSTEM)
    assert ask(portal, b"", **IN_ADDRESS).status == 401
    assert ask(portal, b"", bearer("kpa_junk"), **IN_ADDRESS).status == 401
    reader = agent_keys.create(portal, person(portal, "alice"), NewAgentKey("r", [KeyScope.KEYS_READ]))
    assert ask(portal, b"", bearer(reader.token.reveal()), **IN_ADDRESS).status == 403


def test_a_stranger_s_body_is_not_waited_for(portal: Portal, token: str) -> None:
    found = ask(portal, PLAIN, bearer("kpa_junk"), JSON, is_known=False, chunks=[])
    assert (found.went_on, found.status) == (True, 401)


def test_an_agent_key_takes_the_long_way_once(portal: Portal, token: str) -> None:
    assert ask(portal, PLAIN, bearer(token), JSON, is_known=False).went_on
    twice = ask(portal, PLAIN, bearer(token), JSON, is_known=False, times=2)
    assert "default-src 'none'" in twice.headers[b"content-security-policy"].decode()


def test_a_body_that_does_not_come_is_not_waited_for_for_ever(
    portal: Portal, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quick_resolve, "DEADLINE_S", 0.05)
    found = ask(portal, PLAIN, bearer(token), JSON, never=True)
    assert (found.status, found.json["error"]["code"]) == (408, "body_too_slow")


@pytest.mark.parametrize(
    "chunks", [[PLAIN[:5], PLAIN[5:]], [PLAIN, b""], [b"", PLAIN]], ids=["two", "end", "late"]
)
def test_a_body_in_pieces_is_read_to_its_end(portal: Portal, token: str, chunks: list[bytes]) -> None:
    found = ask(portal, PLAIN, bearer(token), JSON, chunks=chunks)
    assert (found.status, found.json["provider"]) == (200, "openai")


def test_a_caller_who_hangs_up_gets_nothing(portal: Portal, token: str) -> None:
    before = len(events(portal))
    assert ask(portal, PLAIN, bearer(token), JSON, chunks=[]).status == 0
    assert len(events(portal)) == before


@pytest.mark.parametrize(
    "more", [{"method": "GET"}, {"path": "/api/resolve/"}, {"path": "/api/health"}], ids=str
)
def test_other_routes_are_not_its_business(portal: Portal, token: str, more: dict[str, Any]) -> None:
    assert ask(portal, PLAIN, bearer(token), JSON, **more).went_on


def test_scopes_hold_here_too(portal: Portal) -> None:
    alice, root = person(portal, "alice"), person(portal, "root")
    save(portal, root, ownership=SYSTEM)
    reader = agent_keys.create(portal, alice, NewAgentKey("reader", [KeyScope.KEYS_READ])).token.reveal()
    any_one = agent_keys.create(portal, root, NewAgentKey("any", [KeyScope.RESOLVE_ANY])).token.reveal()
    for_bob = b'{"provider":"openai","user":"bob@example.com"}'
    assert ask(portal, PLAIN, bearer(reader), JSON).status == 403
    found = ask(portal, for_bob, bearer(any_one), JSON)
    assert (found.went_on, found.status, found.json["source"]) == (False, 200, "system")
    assert events(portal)[-1].details["for_user"] == "bob@example.com"


@pytest.fixture
def storage_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    async def away(*_: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr("keyportal.persistence.ledger.SqliteLedger.write", away)
    monkeypatch.setattr("keyportal.persistence.postgres_ledger.PostgresLedger.write", away)
    yield


@pytest.mark.usefixtures("storage_away")
def test_what_cannot_be_put_on_record_is_a_503_and_no_key(portal: Portal, token: str) -> None:
    found = ask(portal, PLAIN, bearer(token), JSON)
    assert (found.status, found.json["error"]["code"], found.went_on) == (503, "storage_unavailable", False)
    assert found.headers[b"cache-control"] == b"no-store"


def test_what_nobody_foresaw_is_a_500_of_our_shape_without_its_words(
    portal: Portal, token: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(*_: object) -> None:
        raise ValueError("CANARY")

    monkeypatch.setattr("keyportal.services.release_desk.ReleaseDesk.release", fails)
    found = ask(portal, PLAIN, bearer(token), JSON)
    assert (found.status, found.json["error"]["code"]) == (500, "internal")
    assert "ValueError" in caplog.text and "CANARY" not in caplog.text


def test_it_lets_everything_else_through_untouched(portal: Portal) -> None:
    seen: list[str] = []

    async def behind(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    app: ASGIApp = QuickResolve(behind, lambda: pytest.fail("asked the desk"))
    for kind in ("lifespan", "websocket"):
        asyncio.run(app({"type": kind, "path": "/api/resolve"}, None, None))  # pyright: ignore
    assert seen == ["lifespan", "websocket"]
