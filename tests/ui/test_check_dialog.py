"""The dialog "Last test": what was found, the models, and asking again from there."""

import asyncio
from typing import Any

import pytest

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.services import credentials
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from keyportal.ui.credentials.state import OwnCredentialsState
from tests.fakes.fake_provider import FakeProvider
from tests.ui.support import do, state_for
from tests.ui.test_testing_keys import until

VALUE = "sk-proj-DIALOGcanary0123456789abcdef"


@pytest.fixture
def state(portal: Portal, alice: Principal, openai: FakeProvider) -> OwnCredentialsState:
    for provider, name in (("openai", "Mine"), ("deepgram", "Speech")):
        credentials.create(portal, alice, Ownership.USER, NewCredential(provider, name, Secret(VALUE)))
    models = [{"id": f"gpt-{number}"} for number in range(250)]
    openai.answer(200, {"object": "list", "data": [*models, {"id": "gpt-4o-mini"}]})
    return state_for(OwnCredentialsState, portal, alice)


async def loaded(state: OwnCredentialsState) -> str:
    await do(state, "load_providers")
    await do(state, "load")
    return next(row.id for row in state.rows if row.name == "Mine")


async def test_a_key_that_was_never_tested_says_so_and_is_tested_from_there(
    state: OwnCredentialsState,
) -> None:
    key = await loaded(state)
    await do(state, "open_check", key)
    assert (state.check_name, state.check.outcome, state.check_models) == ("Mine", "", [])
    await do(state, "test_again")
    assert (state.check.outcome, state.check.http_status) == ("valid", "200")
    assert state.check.models_count == "251 models"
    assert next(row.health for row in state.rows if row.id == key) == "valid"


async def test_the_models_are_listed_up_to_200_and_found_by_name(state: OwnCredentialsState) -> None:
    key = await loaded(state)
    await do(state, "test", key)
    await do(state, "open_check", key)
    assert len(state.check_models_shown) == len(state.check_models) == 200
    await do(state, "filter_models", " GPT-19")
    assert state.check_models_shown == [m for m in state.check_models if "gpt-19" in m]
    await do(state, "filter_models", "no such model")
    assert state.check_models_shown == []


async def test_a_model_is_asked_for_by_name_or_chosen(
    state: OwnCredentialsState, openai: FakeProvider
) -> None:
    key = await loaded(state)
    await do(state, "open_model_check", key)
    assert (state.check_begins_with_model, state.check_can_ask_model) == (True, True)
    await do(state, "test_model", {"model": "gpt-7"})
    assert state.check.model == "gpt-7"
    await do(state, "test_model", {"model": ""})
    assert state.check.model not in ("", "gpt-7")
    asked = openai.hits
    await do(state, "test_model", {"model": "no model!"})
    assert (state.check_problem_field, openai.hits, state.check_is_running) == ("model", asked, False)


@pytest.mark.parametrize(
    ("provider", "hint"),
    [("openai", "; blank picks one"), ("azure_openai", "Your deployment's name")],
)
async def test_what_a_blank_model_means_is_said_before(
    state: OwnCredentialsState, portal: Portal, alice: Principal, provider: str, hint: str
) -> None:
    fields = {"resource": "my-team"} if provider == "azure_openai" else {}
    new = NewCredential(provider, "Asked", Secret("0123456789abcdef" * 2), fields)
    key = credentials.create(portal, alice, Ownership.USER, new).id
    await loaded(state)
    await do(state, "open_model_check", key)
    await do(state, "choose_provider", provider)
    assert state.check_model_hint.endswith(hint)
    assert state.chosen.model_hint == state.check_model_hint


async def test_only_a_provider_whose_models_can_be_tested_offers_it(state: OwnCredentialsState) -> None:
    await loaded(state)
    speech = next(row.id for row in state.rows if row.name == "Speech")
    await do(state, "open_check", speech)
    assert state.check_can_ask_model is False


@pytest.mark.parametrize("act", ["close", "next person"])
async def test_an_answer_that_comes_too_late_is_not_shown(
    state: OwnCredentialsState, openai: FakeProvider, bob: Principal, act: str
) -> None:
    key = await loaded(state)
    await do(state, "open_check", key)
    openai.stay_silent()
    waiting = asyncio.create_task(do(state, "test_again"))
    await until(lambda: openai.hits >= 1)
    await do(state, "test_again")  # pressed once more: nothing is asked twice
    assert (state.check_is_running, openai.hits) == (True, 1)
    if act == "close":
        await do(state, "close_check", False)
    else:
        root = state._get_root_state()
        root.reset()
        object.__setattr__(root, "_kp_principal", bob)
    openai.stopping.set()
    await waiting
    assert (state.check.outcome, state.check_id, state.check_is_running) == ("", "", False)
    assert bool(state.rows) == (act == "close")


async def test_bob_opens_nothing_with_alices_id(
    state: OwnCredentialsState, portal: Portal, bob: Principal, openai: FakeProvider
) -> None:
    key = await loaded(state)
    his = state_for(OwnCredentialsState, portal, bob)
    for handler in ("open_check", "open_model_check"):
        await do(his, handler, key)
        assert ("nothing here" in his.notice, his.check_id) == (True, "")
    his.check_id = key  # no handler sets it, but nothing hangs on that
    await do(his, "test_again")
    assert (openai.hits, his.check.outcome) == (0, "")
    assert "nothing here" in his.check_problem


@pytest.mark.parametrize("junk", [None, 5, [], {"a": 1}, "x" * 9000, "\x00", "\ud800"])
async def test_junk_from_a_hand_made_event_opens_nothing(
    state: OwnCredentialsState, openai: FakeProvider, junk: Any
) -> None:
    for handler in ("open_check", "open_model_check", "filter_models", "test_model"):
        await do(state, handler, junk)
    await do(state, "test_again")
    assert (state.check_id, openai.hits) == ("", 0)
