"""The short way of a resolve that is asked for in the address: the same answer as the long way's."""

from typing import Any
from urllib.parse import parse_qs

import pytest

from keyportal.domain.principals import Scope as KeyScope
from keyportal.services import agent_keys
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from tests.api.quick_support import JSON, PLAIN, ask, bearer
from tests.api.quick_support import token as token
from tests.conftest import person
from tests.services.support import SYSTEM, events, save

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
