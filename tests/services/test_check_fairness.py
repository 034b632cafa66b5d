"""Nobody's tests stand in another's way, and what waits for its turn is sent as it is by then."""

import asyncio
import json
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from keyportal.domain.errors import KeyPortalError, TooManyTests
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.providers import checking
from keyportal.providers.registry import Registry
from keyportal.services import check_slots, checks, credentials, provider_edits
from keyportal.services.checks import UnsavedKey
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from keyportal.services.registry import LiveRegistry
from tests.conftest import MakePortal, person
from tests.fakes.fake_provider import FakeProvider
from tests.services.support import USER, VALUE, save, spoil
from tests.services.test_check_limits import batch, slots_in
from tests.support import all_text_of

NEW_VALUE = "sk-proj-newT3BlbkFJ9876543210fedcba"


async def until(fact: Callable[[], bool]) -> None:
    while not fact():
        await asyncio.sleep(0.01)


def keys_sent(openai: FakeProvider) -> list[str]:
    return [request.headers["authorization"].removeprefix("Bearer ") for request in openai.requests]


async def wait_in_line(portal: Portal, principal: Principal, ids: list[str]) -> asyncio.Task[Any]:
    """Begin a batch that finds no place, and return it once it asked for one."""
    waiting = asyncio.create_task(batch(portal, principal, ids))
    assert not (await asyncio.wait([waiting], timeout=0.2))[0]
    return waiting


@pytest.mark.parametrize(("at_once", "most"), [(1, 1), (2, 1), (3, 1), (5, 3)])
async def test_one_person_leaves_two_places_to_others(
    make_portal: MakePortal, at_once: int, most: int
) -> None:
    portal = make_portal(KEYPORTAL_TESTS_AT_ONCE=str(at_once))
    async with AsyncExitStack() as held:
        for _ in range(most):
            await held.enter_async_context(check_slots.slot(portal, "alice"))
        with pytest.raises(TooManyTests):
            await held.enter_async_context(check_slots.slot(portal, "alice"))
        for _ in range(at_once - most):
            await held.enter_async_context(check_slots.slot(portal, f"person {slots_in(portal)}"))
        assert slots_in(portal) == at_once


async def test_a_stranger_is_tested_while_somebodys_batches_hang(
    make_portal: MakePortal, openai: FakeProvider
) -> None:
    portal = make_portal(KEYPORTAL_BASE_URL_OPENAI=openai.url)
    alice, bob = person(portal, "alice"), person(portal, "bob")
    openai.stay_silent(key=VALUE)
    ids = [save(portal, alice, f"key {n}").id for n in range(24)]
    hanging = [asyncio.create_task(batch(portal, alice, part)) for part in (ids[:12], ids[12:])]
    await until(lambda: openai.hits >= 8)
    assert not (await asyncio.wait(hanging, timeout=check_slots._ASK_AGAIN_S))[0]
    found = await checks.check_unsaved(portal, bob, USER, UnsavedKey("openai", Secret(NEW_VALUE)))
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    assert (found.outcome, slots_in(portal)) == ("valid", 0)


async def test_a_refusal_for_lack_of_a_place_costs_nothing_of_the_minute(
    make_portal: MakePortal, openai: FakeProvider
) -> None:
    portal = make_portal(
        KEYPORTAL_TESTS_AT_ONCE="1", KEYPORTAL_TESTS_PER_MINUTE="2", KEYPORTAL_BASE_URL_OPENAI=openai.url
    )
    alice, unsaved = person(portal, "alice"), UnsavedKey("openai", Secret(VALUE))
    mine = save(portal, alice)
    async with check_slots.slot(portal, "somebody"):
        for _ in range(3):
            with pytest.raises(TooManyTests, match="right now"):
                await checks.check_saved(portal, alice, mine.id)
            with pytest.raises(TooManyTests, match="right now"):
                await checks.check_unsaved(portal, alice, USER, unsaved)
    await checks.check_saved(portal, alice, mine.id)
    await checks.check_unsaved(portal, alice, USER, unsaved)
    with pytest.raises(TooManyTests, match="2 keys a minute"):
        await checks.check_saved(portal, alice, mine.id)
    assert slots_in(portal) == 0


async def test_who_is_over_the_limit_takes_no_place(make_portal: MakePortal, openai: FakeProvider) -> None:
    portal = make_portal(
        KEYPORTAL_TESTS_AT_ONCE="1", KEYPORTAL_TESTS_PER_MINUTE="1", KEYPORTAL_BASE_URL_OPENAI=openai.url
    )
    alice = person(portal, "alice")
    mine = save(portal, alice)
    await checks.check_saved(portal, alice, mine.id)
    async with check_slots.slot(portal, "somebody"):
        with pytest.raises(TooManyTests, match="1 keys a minute"):
            await checks.check_saved(portal, alice, mine.id)


async def test_no_check_reads_the_providers_where_all_others_would_wait(
    portal: Portal, alice: Principal, openai: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, threads = save(portal, alice), list[threading.Thread]()
    current = LiveRegistry.current

    def watched(self: LiveRegistry) -> Registry:
        threads.append(threading.current_thread())
        return current(self)

    monkeypatch.setattr(LiveRegistry, "current", watched)
    await checks.check_saved(portal, alice, mine.id)
    await checks.check_unsaved(portal, alice, USER, UnsavedKey("openai", Secret(VALUE)))
    await batch(portal, alice, [mine.id])
    assert (openai.hits, len(threads)) == (3, 3)
    assert threading.main_thread() not in threads


async def test_a_key_deleted_while_it_waits_is_not_sent(
    make_portal: MakePortal, openai: FakeProvider
) -> None:
    portal = make_portal(KEYPORTAL_TESTS_AT_ONCE="1", KEYPORTAL_BASE_URL_OPENAI=openai.url)
    alice = person(portal, "alice")
    mine = save(portal, alice)
    async with check_slots.slot(portal, "somebody"):
        waiting = await wait_in_line(portal, alice, [mine.id])
        credentials.delete(portal, alice, USER, mine.id)
    assert ["nothing here" in step.problem for step in await waiting] == [True]
    assert openai.hits == 0


async def test_a_key_of_somebody_else_by_now_is_not_sent(
    make_portal: MakePortal, openai: FakeProvider
) -> None:
    portal = make_portal(KEYPORTAL_TESTS_AT_ONCE="1", KEYPORTAL_BASE_URL_OPENAI=openai.url)
    alice, bob = person(portal, "alice"), person(portal, "bob")
    mine = save(portal, alice)
    async with check_slots.slot(portal, "somebody"):
        waiting = await wait_in_line(portal, alice, [mine.id])
        spoil(portal, mine.id, owner_id=bob.user_id, owner_key=bob.user_id)
    assert ["nothing here" in step.problem for step in await waiting] == [True]
    assert openai.hits == 0


async def test_a_key_changed_while_it_waits_is_sent_as_it_is_now(
    make_portal: MakePortal, openai: FakeProvider
) -> None:
    portal = make_portal(KEYPORTAL_TESTS_AT_ONCE="1", KEYPORTAL_BASE_URL_OPENAI=openai.url)
    alice = person(portal, "alice")
    mine = save(portal, alice)
    async with check_slots.slot(portal, "somebody"):
        waiting = await wait_in_line(portal, alice, [mine.id])
        credentials.update(portal, alice, USER, mine.id, CredentialEdit(api_key=Secret(NEW_VALUE)))
    await waiting
    assert keys_sent(openai) == [NEW_VALUE]


async def test_a_provider_turned_off_while_its_keys_wait_is_not_asked(
    make_portal: MakePortal, openai: FakeProvider
) -> None:
    portal = make_portal(KEYPORTAL_TESTS_AT_ONCE="1", KEYPORTAL_BASE_URL_OPENAI=openai.url)
    mine = save(portal, person(portal, "alice"))
    async with check_slots.slot(portal, "somebody"):
        waiting = await wait_in_line(portal, person(portal, "alice"), [mine.id])
        provider_edits.set_enabled(portal, person(portal, "root"), "openai", False)
    assert ["turned off" in step.problem for step in await waiting] == [True]
    assert openai.hits == 0


async def test_one_key_that_cannot_be_tested_does_not_end_the_batch(
    portal: Portal, alice: Principal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    odd = save(portal, alice, "odd", NEW_VALUE)
    ids = [odd.id, *(save(portal, alice, f"key {n}").id for n in range(12))]
    check = checking.check

    async def breaking(provider: Any, secret: Secret, *rest: Any, **more: Any) -> Any:
        if secret.reveal() == NEW_VALUE:
            raise json.JSONDecodeError("odd", secret.reveal(), 0)
        return await check(provider, secret, *rest, **more)

    monkeypatch.setattr(checking, "check", breaking)
    steps = {step.credential_id: step for step in await batch(portal, alice, ids)}
    assert (len(steps), steps[odd.id].problem) == (13, KeyPortalError.message)
    assert {step.found.outcome for step in steps.values() if step.found} == {"valid"}
    assert "JSONDecodeError" in caplog.text
    assert NEW_VALUE not in caplog.text and NEW_VALUE.encode() not in all_text_of(portal)
    assert slots_in(portal) == 0
