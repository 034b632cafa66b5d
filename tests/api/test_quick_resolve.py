"""The short way of a resolve: for every request the same answer as the long way's, and never its own idea."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from keyportal.api import quick_resolve
from keyportal.api.quick_resolve import QuickResolve
from keyportal.domain.errors import StorageUnavailable
from keyportal.domain.principals import Scope as KeyScope
from keyportal.services import agent_keys
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from tests.api.quick_support import JSON, PLAIN, ask, bearer
from tests.api.quick_support import token as token
from tests.conftest import person
from tests.services.support import SYSTEM, events, row_of, save


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
