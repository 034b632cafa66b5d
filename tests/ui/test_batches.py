"""Test all as the tab sees it: rows change as their keys are done, and it can be stopped."""

import asyncio

import pytest

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.persistence import users
from keyportal.services import credentials, sessions
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from keyportal.ui.credentials.state import OwnCredentialsState
from keyportal.ui.shared.credentials.check_values import summary_of
from keyportal.ui.theme import COUNTED, HEALTH
from tests.conftest import MakePortal, person
from tests.fakes.fake_provider import FakeProvider
from tests.ui.support import do, state_for
from tests.ui.test_testing_keys import until

GOOD, REFUSED, SILENT = (f"sk-proj-{name}0123456789abcdef" for name in ("GOOD", "REFUSED", "SILENT"))


@pytest.fixture
def state(portal: Portal, alice: Principal, openai: FakeProvider) -> OwnCredentialsState:
    for name, value in (("Good", GOOD), ("Refused", REFUSED), ("Silent", SILENT)):
        credentials.create(portal, alice, Ownership.USER, NewCredential("openai", name, Secret(value)))
    openai.answer(401, {"error": {"code": "invalid_api_key"}}, key=REFUSED)
    return state_for(OwnCredentialsState, portal, alice)


def health_of(state: OwnCredentialsState) -> dict[str, str]:
    return {row.name: row.health for row in state.rows}


async def test_every_key_of_the_page_is_tested_and_counted(
    state: OwnCredentialsState, openai: FakeProvider
) -> None:
    await do(state, "load")
    await do(state, "test_all")
    assert state.batch_summary == "2 valid, 1 refused."
    assert (state.batch_is_running, state.batch_is_problem, state.testing_ids) == (False, False, [])
    assert health_of(state) == {"Good": "valid", "Refused": "invalid", "Silent": "valid"}
    assert openai.hits == 3


async def test_rows_change_while_a_slow_key_is_waited_for_and_the_rest_can_be_stopped(
    state: OwnCredentialsState, openai: FakeProvider
) -> None:
    await do(state, "load")
    openai.stay_silent(key=SILENT)
    running = asyncio.create_task(do(state, "test_all"))
    await until(lambda: state.batch_done == 2 and openai.hits == 3)
    assert health_of(state) == {"Good": "valid", "Refused": "invalid", "Silent": "unchecked"}
    assert (state.batch_is_running, state.batch_total, len(state.testing_ids)) == (True, 3, 1)

    await do(state, "test_all")  # pressed once more: nothing is asked twice
    await do(state, "search", "good")  # the tab goes on
    assert ([row.name for row in state.rows], openai.hits) == (["Good"], 3)

    await do(state, "stop_batch")
    await running
    assert state.batch_summary == "Stopped after 2 of 3. 1 valid, 1 refused."
    assert (state.batch_is_running, state.batch_is_stopping, state.testing_ids) == (False, False, [])


async def test_the_next_person_in_the_tab_is_told_nothing(
    state: OwnCredentialsState, openai: FakeProvider, bob: Principal
) -> None:
    await do(state, "load")
    openai.stay_silent(key=SILENT)
    running = asyncio.create_task(do(state, "test_all"))
    await until(lambda: state.batch_done == 2 and openai.hits == 3)
    root = state._get_root_state()
    root.reset()
    object.__setattr__(root, "_kp_principal", bob)
    await running  # and it does not wait for the silent one
    assert (state.batch_summary, state.batch_done, state.rows, state.notice) == ("", 0, [], "")


async def test_it_stops_when_the_person_signs_out(
    state: OwnCredentialsState, portal: Portal, openai: FakeProvider
) -> None:
    with portal.database.transaction() as session:
        user = users.find_user_by_email(session, "alice@example.com")
        assert user is not None
        token = sessions.begin_session(portal, session, user, "")
    signed_in = sessions.find_principal(portal, sessions.digest_of(token.reveal()))
    assert signed_in is not None
    object.__setattr__(state._get_root_state(), "_kp_principal", signed_in)
    await do(state, "load")
    openai.stay_silent(key=SILENT)
    running = asyncio.create_task(do(state, "test_all"))
    await until(lambda: state.batch_done == 2 and openai.hits == 3)
    sessions.sign_out(portal, signed_in)
    await running
    assert state.batch_summary == ""


async def test_a_limit_is_told_with_what_to_do(make_portal: MakePortal, openai: FakeProvider) -> None:
    portal = make_portal(KEYPORTAL_BASE_URL_OPENAI=f"{openai.url}/v1", KEYPORTAL_TESTS_PER_MINUTE="1")
    alice = person(portal, "alice")
    credentials.create(portal, alice, Ownership.USER, NewCredential("openai", "Good", Secret(GOOD)))
    state = state_for(OwnCredentialsState, portal, alice)
    await do(state, "load")
    await do(state, "test_all")
    await do(state, "test_all")
    assert (state.batch_is_problem, state.batch_is_running, openai.hits) == (True, False, 1)
    assert "Wait" in state.batch_summary
    await do(state, "dismiss_summary")
    assert state.batch_summary == ""


async def test_a_key_that_is_gone_counts_as_not_checked(
    state: OwnCredentialsState, portal: Portal, alice: Principal
) -> None:
    await do(state, "load")
    gone = next(row.id for row in state.rows if row.name == "Silent")
    credentials.delete(portal, alice, Ownership.USER, gone)
    await do(state, "test_all")
    assert state.batch_summary == "1 valid, 1 refused, 1 could not be checked."
    assert len(state.rows) == 2


async def test_there_is_nothing_to_test_in_an_empty_list(
    portal: Portal, bob: Principal, openai: FakeProvider
) -> None:
    state = state_for(OwnCredentialsState, portal, bob)
    await do(state, "load")
    await do(state, "test_all")
    assert (state.batch_is_running, state.batch_summary, openai.hits) == (False, "", 0)


def test_every_outcome_is_counted_in_words() -> None:
    assert set(COUNTED) == set(HEALTH)
    told = summary_of({outcome: number for number, outcome in enumerate(COUNTED, 1)})
    assert told.startswith("1 valid, 2 limited, ")
    assert told.endswith(", 9 could not be checked.")
