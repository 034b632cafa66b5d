"""Test as the tab sees it: it asks the provider in the background, and the tab goes on."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from keyportal.domain.checks import VERDICTS
from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.services import credentials, provider_edits
from keyportal.services.checks import CheckView
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from keyportal.ui.credentials.state import OwnCredentialsState
from keyportal.ui.shared.credentials.check_values import row_after, told_of
from keyportal.ui.shared.credentials.rows import row_view
from keyportal.ui.theme import HEALTH
from tests.conftest import MakePortal, person
from tests.fakes.fake_provider import FakeProvider
from tests.ui.support import do, state_for

SILENT, ANSWERING = "sk-proj-SILENT0123456789abcdef", "sk-proj-ANSWERING0123456789abcdef"


@pytest.fixture
def state(portal: Portal, alice: Principal) -> OwnCredentialsState:
    for name, value in (("Silent", SILENT), ("Silent too", SILENT + "2"), ("Answering", ANSWERING)):
        credentials.create(portal, alice, Ownership.USER, NewCredential("openai", name, Secret(value)))
    return state_for(OwnCredentialsState, portal, alice)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.01)


def id_of(state: OwnCredentialsState, name: str) -> str:
    return next(row.id for row in state.rows if row.name == name)


async def test_while_a_provider_stays_silent_the_tab_goes_on_and_other_keys_are_tested(
    state: OwnCredentialsState, openai: FakeProvider
) -> None:
    await do(state, "load")
    openai.stay_silent(key=SILENT)
    openai.stay_silent(key=SILENT + "2")
    silent = [id_of(state, "Silent"), id_of(state, "Silent too")]
    waiting = [asyncio.create_task(do(state, "test", i)) for i in silent]
    await until(lambda: openai.hits >= 2)
    assert sorted(state.testing_ids) == sorted(silent)

    await do(state, "test", silent[0])  # pressed once more: nothing is asked twice
    await do(state, "test", id_of(state, "Answering"))
    await do(state, "search", "answering")
    assert [(r.name, r.health) for r in state.rows] == [("Answering", "valid")]
    assert sorted(state.testing_ids) == sorted(silent)
    assert openai.hits == 3

    openai.stopping.set()
    await asyncio.gather(*waiting)
    assert state.testing_ids == []
    assert state.notice_is_problem


@pytest.mark.parametrize("is_filtered", [False, True])
async def test_what_was_found_of_a_key_deleted_meanwhile_does_not_replace_the_delete_s_notice(
    state: OwnCredentialsState, openai: FakeProvider, is_filtered: bool
) -> None:
    await do(state, "load")
    key = id_of(state, "Silent")
    openai.stay_silent(key=SILENT)
    waiting = asyncio.create_task(do(state, "test", key))
    await until(lambda: openai.hits >= 1)
    if is_filtered:
        await do(state, "search", "answering")  # not in the list, and there all the same
    else:
        await do(state, "ask_delete", key)
        await do(state, "confirm_delete")
    openai.stopping.set()
    await waiting
    assert state.notice_is_problem is is_filtered
    assert ("is deleted" in state.notice, state.testing_ids) == (not is_filtered, [])


async def test_the_service_s_limit_is_told_with_what_to_do(
    make_portal: MakePortal, openai: FakeProvider
) -> None:
    portal = make_portal(KEYPORTAL_BASE_URL_OPENAI=f"{openai.url}/v1", KEYPORTAL_TESTS_PER_MINUTE="1")
    alice = person(portal, "alice")
    new = NewCredential("openai", "Answering", Secret(ANSWERING))
    key = credentials.create(portal, alice, Ownership.USER, new).id
    state = state_for(OwnCredentialsState, portal, alice)
    await do(state, "test", key)
    await do(state, "test", key)
    assert "You can test 1 keys a minute. Wait" in state.notice
    assert (openai.hits, state.testing_ids) == (1, [])


async def test_what_was_found_is_not_told_to_the_next_person_in_the_tab(
    state: OwnCredentialsState, openai: FakeProvider, bob: Principal
) -> None:
    await do(state, "load")
    openai.stay_silent(key=SILENT)
    waiting = asyncio.create_task(do(state, "test", id_of(state, "Silent")))
    await until(lambda: openai.hits >= 1)
    root = state._get_root_state()
    root.reset()
    object.__setattr__(root, "_kp_principal", bob)
    openai.stopping.set()
    await waiting
    assert (state.notice, state.rows, state.testing_ids) == ("", [], [])


@pytest.mark.parametrize(
    ("outcome", "status", "told"),
    [("valid", 200, "It said so. (7 ms)"), ("unreachable", None, "It said so.")],
)
def test_a_time_is_told_only_of_an_answer(outcome: str, status: int | None, told: str) -> None:
    found = CheckView(
        "id", outcome, "It said so.", None, status, 7, (), 0, False, None, None, None, datetime.now(UTC)
    )
    assert told_of(found) == told


@pytest.mark.parametrize(("is_silent", "latency"), [(True, ""), (False, "Answered in ")])
async def test_a_row_shows_a_time_only_of_an_answer(
    state: OwnCredentialsState, portal: Portal, alice: Principal, openai: FakeProvider, is_silent: bool,
    latency: str,
) -> None:  # fmt: skip
    await do(state, "load")
    key = id_of(state, "Answering")
    if is_silent:
        openai.drop()
    await do(state, "test", key)
    view = credentials.get(portal, alice, Ownership.USER, key)
    assert row_view(view).latency.startswith(latency)
    assert bool(row_view(view).latency) == bool(latency)


@pytest.mark.parametrize("former", list(HEALTH))
def test_only_a_verdict_on_the_key_is_kept_through_a_rate_limit(
    portal: Portal, alice: Principal, former: str
) -> None:
    new = NewCredential("openai", "Row", Secret(ANSWERING))
    row = replace(row_view(credentials.create(portal, alice, Ownership.USER, new)), health=former)
    found = CheckView(
        "id", "rate_limited", "Wait.", None, 429, 7, (), 0, False, None, None, None, datetime.now(UTC)
    )
    assert row_after(row, found).health == (former if former in VERDICTS else "rate_limited")


async def test_a_row_says_that_its_provider_is_turned_off(
    state: OwnCredentialsState, portal: Portal, root: Principal
) -> None:
    await do(state, "load")
    assert {row.provider_enabled for row in state.rows} == {True}
    provider_edits.set_enabled(portal, root, "openai", False)
    await do(state, "load")
    assert {row.provider_enabled for row in state.rows} == {False}


async def test_opening_the_list_starts_over(state: OwnCredentialsState) -> None:
    await do(state, "search", "answering")
    await do(state, "filter_by", "status", "inactive")
    state.page, state._written = 7, []
    await do(state, "load")
    assert (state.query, state.is_filtered, state.page, state.total) == ("", False, 1, 3)
