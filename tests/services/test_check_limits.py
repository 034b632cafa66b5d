"""Ten tests a minute for a person, ten at a time for everybody, and batches that hold nobody up."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

import pytest

from keyportal.domain.errors import Forbidden, InvalidInput, TooManyTests
from keyportal.domain.principals import Principal, Scope
from keyportal.domain.secret import Secret
from keyportal.services import access, agent_keys, check_batches, check_slots, checks
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.check_batches import BatchStep
from keyportal.services.checks import UnsavedKey
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person
from tests.fakes.fake_provider import FakeProvider
from tests.services.support import USER, VALUE, run_sql, save
from tests.support import FakeClock


async def batch(portal: Portal, principal: Principal, ids: list[str]) -> list[BatchStep]:
    return [step async for step in check_batches.check_many(portal, principal, ids)]


def slots_in(portal: Portal) -> int:
    with portal.database.reading() as session:
        return run_sql(session, "SELECT count(*) FROM check_slots").scalar_one()


async def test_the_eleventh_test_in_a_minute_is_refused_with_the_time_to_wait(
    portal: Portal, alice: Principal, bob: Principal, openai: FakeProvider, clock: FakeClock
) -> None:
    mine = save(portal, alice)
    for _ in range(10):
        await checks.check_saved(portal, alice, mine.id)
    clock.advance(timedelta(seconds=20))
    with pytest.raises(TooManyTests, match="10 keys a minute") as refusal:
        await checks.check_saved(portal, alice, mine.id)
    assert (refusal.value.retry_after, openai.hits) == (40, 10)
    await checks.check_unsaved(portal, bob, USER, UnsavedKey("openai", Secret(VALUE)))
    clock.advance(timedelta(seconds=41))
    await checks.check_saved(portal, alice, mine.id)


async def test_a_clock_put_back_keeps_nobody_waiting_for_longer_than_a_minute(
    portal: Portal, alice: Principal, clock: FakeClock
) -> None:
    mine = save(portal, alice)
    for _ in range(10):
        await checks.check_saved(portal, alice, mine.id)
    clock.advance(timedelta(days=-1))
    for _ in range(10):
        await checks.check_saved(portal, alice, mine.id)
    with pytest.raises(TooManyTests) as refusal:
        await checks.check_saved(portal, alice, mine.id)
    assert refusal.value.retry_after == 60


async def test_a_persons_agents_count_with_the_person(make_portal: MakePortal, openai: FakeProvider) -> None:
    portal = make_portal(KEYPORTAL_TESTS_PER_MINUTE="1", KEYPORTAL_BASE_URL_OPENAI=openai.url)
    alice = person(portal, "alice")
    token = agent_keys.create(portal, alice, NewAgentKey("writer", [Scope.KEYS_WRITE])).token.reveal()
    mine = save(portal, alice)
    await checks.check_saved(portal, access.require_agent(portal, token), mine.id)
    with pytest.raises(TooManyTests):
        await checks.check_saved(portal, alice, mine.id)


async def test_a_refused_stranger_is_not_counted(portal: Portal, alice: Principal, bob: Principal) -> None:
    mine = save(portal, alice)
    for _ in range(12):
        with pytest.raises(Exception, match="nothing here"):
            await checks.check_saved(portal, bob, mine.id)
    view = await checks.check_unsaved(portal, bob, USER, UnsavedKey("openai", Secret(VALUE)))
    assert view.outcome == "valid"


async def test_only_so_many_tests_run_at_once_in_the_whole_deployment(
    make_portal: MakePortal, openai: FakeProvider
) -> None:
    portal, other = (
        make_portal(KEYPORTAL_TESTS_AT_ONCE="1", KEYPORTAL_BASE_URL_OPENAI=openai.url) for _ in range(2)
    )
    mine = save(portal, person(portal, "alice"))
    async with check_slots.slot(other, "somebody"):
        with pytest.raises(TooManyTests) as refusal:
            await checks.check_saved(portal, person(portal, "alice"), mine.id)
    assert (refusal.value.retry_after, openai.hits) == (check_slots.RETRY_AFTER_S, 0)
    await checks.check_saved(portal, person(portal, "alice"), mine.id)
    assert slots_in(portal) == 0


async def test_a_place_left_behind_by_a_crash_expires(
    make_portal: MakePortal, openai: FakeProvider, clock: FakeClock
) -> None:
    portal = make_portal(KEYPORTAL_TESTS_AT_ONCE="1", KEYPORTAL_BASE_URL_OPENAI=openai.url)
    mine = save(portal, person(portal, "alice"))
    await check_slots.slot(portal, "crashed").__aenter__()
    clock.advance(check_slots.LONGEST)
    assert (await checks.check_saved(portal, person(portal, "alice"), mine.id)).outcome == "valid"


async def test_a_place_is_free_again_after_a_cancelled_test(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    openai.stay_silent()
    mine = save(portal, alice)
    running = asyncio.create_task(checks.check_saved(portal, alice, mine.id))
    while not openai.requests:
        await asyncio.sleep(0.01)
    assert slots_in(portal) == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert slots_in(portal) == 0


async def test_a_batch_tests_every_key_and_tells_how_far_it_is(portal: Portal, alice: Principal) -> None:
    ids = [save(portal, alice, f"key {n}").id for n in range(12)]
    steps = await batch(portal, alice, ids)
    assert sorted(s.credential_id for s in steps) == sorted(ids)
    assert [(s.done, s.total) for s in steps] == [(n + 1, 12) for n in range(12)]
    assert {s.found.outcome for s in steps if s.found} == {"valid"}


async def test_a_batch_waits_for_its_places(make_portal: MakePortal, openai: FakeProvider) -> None:
    portal = make_portal(KEYPORTAL_TESTS_AT_ONCE="3", KEYPORTAL_BASE_URL_OPENAI=openai.url)
    alice = person(portal, "alice")
    ids = [save(portal, alice, f"key {n}").id for n in range(9)]
    steps = await batch(portal, alice, ids)
    assert [s.problem for s in steps] == [""] * 9


async def test_a_batch_asks_eight_at_a_time(make_portal: MakePortal, openai: FakeProvider) -> None:
    openai.stay_silent()
    portal = make_portal(KEYPORTAL_TESTS_AT_ONCE="40", KEYPORTAL_BASE_URL_OPENAI=openai.url)
    alice = person(portal, "alice")
    ids = [save(portal, alice, f"key {n}").id for n in range(12)]
    steps = check_batches.check_many(portal, alice, ids)
    waiting = asyncio.create_task(anext(steps))
    while openai.hits < 8:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert (openai.hits, slots_in(portal)) == (8, 8)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await steps.aclose()


async def test_a_slow_provider_does_not_hold_up_the_others(
    make_portal: MakePortal, openai: FakeProvider
) -> None:
    openai.stay_silent()
    with FakeProvider() as quick:
        quick.answer(200, {"data": [{"id": "claude"}]})
        portal = make_portal(KEYPORTAL_BASE_URL_OPENAI=openai.url, KEYPORTAL_BASE_URL_ANTHROPIC=quick.url)
        alice = person(portal, "alice")
        slow = [save(portal, alice, f"slow {n}").id for n in range(12)]
        fast = [save(portal, alice, f"fast {n}", provider="anthropic").id for n in range(6)]
        found: list[str] = []
        async with aclosing(check_batches.check_many(portal, alice, [*slow, *fast])) as steps:
            async for step in steps:
                found.append(step.credential_id)
                if len(found) == 6:
                    break
    assert sorted(found) == sorted(fast)
    assert slots_in(portal) == 0


async def test_a_cancelled_batch_asks_nobody_any_more(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    ids = [save(portal, alice, f"key {n}").id for n in range(20)]
    async with aclosing(check_batches.check_many(portal, alice, ids)) as steps:
        async for _ in steps:
            break
    asked = openai.hits
    await asyncio.sleep(0.1)
    assert openai.hits == asked < 20
    assert slots_in(portal) == 0


async def test_a_key_that_is_gone_or_somebody_elses_is_a_problem_of_its_own(
    portal: Portal, alice: Principal, bob: Principal
) -> None:
    mine, theirs = save(portal, alice), save(portal, bob)
    steps = {s.credential_id: s for s in await batch(portal, alice, [mine.id, theirs.id, "nonsense"])}
    found = steps[mine.id].found
    assert found is not None and found.outcome == "valid"
    assert "nothing here" in steps[theirs.id].problem
    assert "nothing here" in steps["nonsense"].problem


async def test_a_batch_counts_once_for_every_ten_keys(portal: Portal, alice: Principal) -> None:
    ids = [save(portal, alice, f"key {n}").id for n in range(25)]
    for _ in range(3):
        await batch(portal, alice, ids)
    with pytest.raises(TooManyTests):
        await batch(portal, alice, ids)
    await checks.check_saved(portal, alice, ids[0])


@pytest.mark.parametrize("number", [0, 101])
async def test_a_batch_is_at_most_a_page(portal: Portal, alice: Principal, number: int) -> None:
    with pytest.raises(InvalidInput, match="1 to 100"):
        await batch(portal, alice, [str(n) for n in range(number)])


async def test_an_agent_that_only_reads_starts_no_batch(portal: Portal, alice: Principal) -> None:
    mine = save(portal, alice)
    token = agent_keys.create(portal, alice, NewAgentKey("reader", [Scope.KEYS_READ])).token.reveal()
    with pytest.raises(Forbidden):
        await batch(portal, access.require_agent(portal, token), [mine.id])
