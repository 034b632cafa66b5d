"""How much a process keeps in memory between resolves, and what goes first."""

from datetime import timedelta
from typing import Any, cast

import pytest

from keyportal.api.quick_resolve import QuickResolve
from keyportal.services.release_cache import Known, ReleaseCache, Wanted
from keyportal.services.release_desk import ReleaseDesk
from tests.limits.support import around, number
from tests.support import START

limit = pytest.mark.limit


def known() -> Known:
    anything: Any = None
    return Known(anything, "", "", anything, START + timedelta(days=1), 0)


@limit("memory-body")
def test_a_body_of_4096_bytes_is_answered_from_memory() -> None:
    anything: Any = None
    front, understood = QuickResolve(anything, lambda: anything), []
    for size in around("memory-body"):
        body = b'{"provider": "openai"}'.ljust(size)
        message = {"type": "http.request", "body": body, "more_body": False}
        understood.append(front._in_body(message, str(size).encode()) == Wanted("openai"))
    assert understood == [True, True, False]


@limit("memory-decisions")
def test_ten_thousand_decisions_are_kept_and_the_oldest_goes() -> None:
    cache, one = ReleaseCache(), known()
    kept = []
    for count in range(1, number("memory-decisions") + 2):
        cache.keep((str(count).encode(), Wanted("openai")), one)
        if count in around("memory-decisions"):
            first = cache.find((b"1", Wanted("openai")), START)
            kept.append((cache._size, first is not None))
    n = number("memory-decisions")
    assert kept == [(n - 1, True), (n, True), (n, False)]


@limit("memory-of-one")
def test_an_agent_key_has_250_decisions_and_pushes_out_its_own() -> None:
    cache, one, kept = ReleaseCache(), known(), []
    cache.keep((b"other", Wanted("openai")), one)
    for count in range(1, number("memory-of-one") + 2):
        cache.keep((b"mine", Wanted("openai", model=f"m{count}")), one)
        if count in around("memory-of-one"):
            first = cache.find((b"mine", Wanted("openai", model="m1")), START)
            kept.append((cache._size - 1, first is not None))
    n = number("memory-of-one")
    assert kept == [(n - 1, True), (n, True), (n, False)]
    assert cache.find((b"other", Wanted("openai")), START) is one


@limit("memory-agents")
def test_twenty_thousand_agent_keys_are_known_and_the_first_is_forgotten() -> None:
    desk, kept = cast(ReleaseDesk, object.__new__(ReleaseDesk)), []
    desk._let_in = {}
    for count in range(1, number("memory-agents") + 2):
        desk.let_in(str(count).encode())
        if count in around("memory-agents"):
            kept.append((len(desk._let_in), desk.knows(b"1")))
    n = number("memory-agents")
    assert kept == [(n - 1, True), (n, True), (n, False)]


@limit("memory-bodies")
def test_a_thousand_bodies_are_known_and_then_all_are_read_anew() -> None:
    anything: Any = None
    front, kept = QuickResolve(anything, lambda: anything), []
    for count in range(1, number("memory-bodies") + 2):
        front._remember(str(count).encode(), Wanted("openai"))
        if count in around("memory-bodies"):
            kept.append(len(front._wanted))
    assert kept == [number("memory-bodies") - 1, number("memory-bodies"), 1]
