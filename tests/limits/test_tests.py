"""How often and how many keys are tested at once, and how much of a provider's reply is read."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from keyportal.domain.errors import InvalidInput, TooManyTests, UnusableSetting
from keyportal.persistence.columns import new_id
from keyportal.providers import http
from keyportal.providers.http import GuardedClient, Reason, Unreachable
from keyportal.services import check_batches, check_slots, throttle
from keyportal.services.check_slots import slot
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person
from tests.fakes.fake_provider import FakeProvider
from tests.limits.numbers import NUMBERS
from tests.limits.support import World, around, number, run_jumping
from tests.services.support import save
from tests.support import FakeClock, make_settings

limit = pytest.mark.limit


@pytest.fixture
def world(portal: Portal, clock: FakeClock) -> World:
    return World.of(portal, clock)


@limit("tests-per-minute")
def test_ten_tests_a_minute(world: World, openai: FakeProvider) -> None:
    key = world.client.add_key()["id"]
    sent = [world.client.post(f"/api/api-keys/{key}/test") for _ in range(number("tests-per-minute") + 1)]
    assert [one.status_code for one in sent] == [200] * number("tests-per-minute") + [429]


@limit("tests-at-once")
async def test_ten_tests_at_once_and_two_of_them_are_for_others(portal: Portal) -> None:
    n = number("tests-at-once")
    assert portal.settings.tests_at_once == n
    async with AsyncExitStack() as stack:
        for _ in range(n - 2):
            await stack.enter_async_context(slot(portal, "alice"))
        with pytest.raises(TooManyTests):
            await stack.enter_async_context(slot(portal, "alice"))
        for who in ("bob", "carol"):
            await stack.enter_async_context(slot(portal, who))
        with pytest.raises(TooManyTests):
            await stack.enter_async_context(slot(portal, "dave"))


@limit("test-place")
async def test_a_place_that_a_crash_left_is_free_after_a_minute(
    make_portal: MakePortal, clock: FakeClock
) -> None:
    portal, longest = make_portal(KEYPORTAL_TESTS_AT_ONCE="1"), NUMBERS["test-place"]
    assert isinstance(longest, timedelta) and longest == check_slots.LONGEST
    assert check_slots._try(portal, "alice") is not None
    found = []
    for wait in (longest - timedelta(seconds=1), timedelta(seconds=1)):
        clock.advance(wait)
        found.append(check_slots._try(portal, "bob") is not None)
    assert found == [False, True]


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        pytest.param(
            "tests-per-minute-most", "KEYPORTAL_TESTS_PER_MINUTE", marks=limit("tests-per-minute-most")
        ),
        pytest.param("tests-at-once-most", "KEYPORTAL_TESTS_AT_ONCE", marks=limit("tests-at-once-most")),
    ],
)
def test_a_setting_s_number_has_an_end(tmp_path: Any, name: str, setting: str) -> None:
    less, exact, more = around(name)
    for fits in (less, exact):
        make_settings(tmp_path, **{setting: str(fits)})
    with pytest.raises(UnusableSetting, match=setting):
        make_settings(tmp_path, **{setting: str(more)})


async def _batch(portal: Portal, who: Any, ids: list[str]) -> int:
    return len([step async for step in check_batches.check_many(portal, who, ids)])


@limit("batch")
async def test_a_hundred_keys_are_tested_at_once(make_portal: MakePortal) -> None:
    portal, tested = make_portal(KEYPORTAL_TESTS_PER_MINUTE="1000"), []
    alice = person(portal, "alice")
    for count in around("batch"):
        try:
            tested.append(await _batch(portal, alice, [new_id() for _ in range(count)]))
        except InvalidInput:
            tested.append(0)
    assert tested == [99, 100, 0]


@limit("batch-counted")
async def test_ten_keys_of_a_batch_count_as_one_test(make_portal: MakePortal, clock: FakeClock) -> None:
    portal, counted = make_portal(KEYPORTAL_TESTS_PER_MINUTE="10"), []
    alice = person(portal, "alice")
    for count in around("batch-counted"):
        clock.advance(timedelta(minutes=2))
        await _batch(portal, alice, [new_id() for _ in range(count)])
        left = 0
        for _ in range(10):
            try:
                throttle.count_tests(portal, str(alice.user_id))
            except TooManyTests:
                break
            left += 1
        counted.append(10 - left)
    assert counted == [1, 1, 2]


@limit("batch-at-once")
@pytest.mark.parametrize("count", [7, 8, 9])
async def test_eight_keys_of_a_batch_are_asked_about_at_once(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    alice, at_once, most = person(portal, "alice"), 0, 0
    ids = [save(portal, alice, f"{n}").id for n in range(count)]
    n = number("batch-at-once")

    async def check(*_: object) -> Any:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return check_batches._Done("")

    monkeypatch.setattr(check_batches, "_check", check)
    await _batch(portal, alice, ids)
    assert most == min(count, n)


@limit("reply-bytes")
async def test_64_kib_of_a_reply_are_read(openai: FakeProvider) -> None:
    client, read = GuardedClient(frozenset({openai.url})), []
    for size in around("reply-bytes"):
        openai.answer(200, b"x" * size)
        reply = await client.send("GET", f"{openai.url}/v1/models", {})
        read.append((len(reply.body), reply.truncated))
    n = number("reply-bytes")
    assert read == [(n - 1, False), (n, False), (n, True)]


@limit("reply-seconds")
def test_a_provider_has_10_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_s = NUMBERS["reply-seconds"]
    assert isinstance(limit_s, timedelta)

    def answers_after(seconds: float) -> bool:
        async def exchange(*_: object) -> http.Reply:
            await asyncio.sleep(seconds)
            return http.Reply(200, {}, b"", 0)

        monkeypatch.setattr(GuardedClient, "_exchange", exchange)
        client = GuardedClient(frozenset())
        try:
            run_jumping(client.send("GET", "https://api.example.com/", {}))
        except Unreachable as refusal:
            assert refusal.reason is Reason.TIMEOUT
            return False
        return True

    n = limit_s.total_seconds()
    assert [answers_after(s) for s in (n - 1, n - 0.001, n + 0.001, n + 1)] == [True, True, False, False]


@limit("models-read")
@limit("models-kept")
@pytest.mark.parametrize("name", ["models-read", "models-kept"])
def test_so_many_models_of_a_list_are_told_and_kept(world: World, openai: FakeProvider, name: str) -> None:
    n, told = number(name), []
    for count in around(name):
        openai.answer(200, {"object": "list", "data": [{"id": f"gpt-{i}"} for i in range(count)]})
        world.clock.advance(timedelta(minutes=2))
        key = world.client.add_key(f"{count}")["id"]
        found = world.client.post(f"/api/api-keys/{key}/test").json()["models"]
        kept = world.client.get(f"/api/api-keys/{key}/test").json()["models"]
        of = found if name == "models-read" else kept
        told.append((len(of["items"]), found["has_more"]))
    more = name == "models-read"
    assert told == [(n - 1, False), (n, False), (n, more)]
