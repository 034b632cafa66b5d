"""The form for a key before anything is saved: its provider, its fields, its Test."""

import asyncio
from typing import Any

import pytest

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.services import credentials, provider_edits
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from keyportal.ui.admin_system_keys.state import SystemCredentialsState
from keyportal.ui.credentials.state import OwnCredentialsState
from tests.fakes.fake_provider import FakeProvider
from tests.support import all_text_of
from tests.ui.support import do, state_for
from tests.ui.test_testing_keys import until

VALUE = "sk-proj-FORMcanary0123456789abcdef"
LINE = f'export OPENAI_API_KEY="{VALUE}"  # production'
ACCESS_KEY_ID = "AKIAABCDEFGHIJKLMNOP"
SESSION_TOKEN = "FORMcanarySESSIONtoken0123456789"


def form(**values: str) -> dict[str, Any]:
    return {"name": "Production", "api_key": VALUE, "note": "", "environment": "", "expires_on": "", **values}


@pytest.fixture
def state(portal: Portal, alice: Principal) -> OwnCredentialsState:
    return state_for(OwnCredentialsState, portal, alice)


@pytest.fixture
def saved(portal: Portal, alice: Principal) -> str:
    new = NewCredential("openai", "Saved", Secret(VALUE), {"organization": "org-1"})
    return credentials.create(portal, alice, Ownership.USER, new).id


@pytest.fixture
def saved_aws(portal: Portal, alice: Principal) -> str:
    fields = {"access_key_id": ACCESS_KEY_ID, "region": "eu-central-1", "session_token": SESSION_TOKEN}
    new = NewCredential("aws_transcribe", "AWS", Secret("x" * 40), fields)
    return credentials.create(portal, alice, Ownership.USER, new).id


async def paste(state: OwnCredentialsState, value: str) -> None:
    """What the browser sends when a value is pasted."""
    await do(state, "change_value")
    await do(state, "look_at_value", value, state.form_number)


def vars_of(state: OwnCredentialsState) -> str:
    return repr(state._get_root_state().dict())


async def test_providers_stand_under_their_kinds(state: OwnCredentialsState) -> None:
    await do(state, "load_providers")
    kinds = {group.label: [option.id for option in group.options] for group in state.groups}
    assert list(kinds)[:4] == ["", "Language models", "Speech", "Aggregators"]
    assert kinds[""] == ["general-key", ""]
    assert ("openai" in kinds["Language models"], "deepgram" in kinds["Speech"]) == (True, True)


async def test_a_provider_that_is_turned_off_is_in_the_filter_and_not_in_the_form(
    state: OwnCredentialsState, portal: Portal, root: Principal
) -> None:
    provider_edits.set_enabled(portal, root, "deepgram", False)
    await do(state, "load_providers")
    assert "deepgram" not in {option.id for group in state.groups for option in group.options}
    assert "Deepgram (turned off)" in [choice.name for choice in state.choices]
    await do(state, "open_new")
    await do(state, "choose_provider", "deepgram")
    assert state.chosen.id == ""


async def test_a_field_with_choices_begins_with_its_default(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    await do(state, "choose_provider", "assemblyai")
    (region,) = state.extra_fields
    assert (region.value, [option.value for option in region.options]) == ("us", ["us", "eu"])


async def test_what_a_provider_can_do_without_stands_under_what_it_needs(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    await do(state, "choose_provider", "aws_bedrock")
    names = [field.name for field in state.extra_fields]
    assert names == ["region", "access_key_id", "session_token"]


async def test_each_refusal_sends_focus_to_its_field(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    for number, handler in enumerate(("submit_form", "submit_form", "test_form", "test_form"), 1):
        await do(state, handler, form(api_key=""))
        assert (state.problem_field, state.problem_number) == ("api_key", number)


async def test_a_secret_field_is_shown_as_saved_and_its_value_is_in_no_var(
    state: OwnCredentialsState, saved_aws: str
) -> None:
    await do(state, "open_edit", saved_aws)
    token = next(field for field in state.extra_fields if field.is_secret)
    assert (token.value, token.placeholder) == ("", "Saved with the key")
    assert "enter the key again too" in token.help
    assert SESSION_TOKEN not in vars_of(state)


async def test_a_secret_field_without_the_key_s_value_is_refused_by_save_and_by_test(
    state: OwnCredentialsState, saved_aws: str
) -> None:
    typed = {f"field-{name}": value for name, value in (("access_key_id", ACCESS_KEY_ID),
             ("region", "eu-central-1"), ("session_token", SESSION_TOKEN))}  # fmt: skip
    for handler in ("submit_form", "test_form"):
        await do(state, "open_edit", saved_aws)
        await do(state, handler, form(api_key="", **typed))
        assert (state.form_is_open, state.problem_field) == (True, "api_key")
        assert SESSION_TOKEN not in vars_of(state)


async def test_a_provider_without_an_address_says_so(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    await do(state, "choose_provider", "litellm")
    assert (state.chosen.id, state.chosen.has_address) == ("litellm", False)


async def test_a_test_in_the_form_shows_the_answer_and_stores_nothing(
    state: OwnCredentialsState, portal: Portal, openai: FakeProvider
) -> None:
    await do(state, "open_new")
    await do(state, "test_form", form(name=""))
    assert (state.form_check.outcome, state.form_check.models_count) == ("valid", "1 model")
    assert (state.form_is_open, state.form_is_testing, state.form_problem) == (True, False, "")
    assert openai.requests[-1].headers["authorization"] == f"Bearer {VALUE}"
    assert VALUE.encode() not in all_text_of(portal)
    assert "FORMcanary" not in vars_of(state)


async def test_a_test_in_the_form_asks_about_the_part_agreed_to(
    state: OwnCredentialsState, openai: FakeProvider
) -> None:
    await do(state, "open_new")
    await paste(state, LINE)
    await do(state, "test_form", form(api_key=LINE))
    assert (state.problem_field, openai.hits) == ("api_key", 0)
    await do(state, "switch_value_only")
    await do(state, "test_form", form(api_key=LINE))
    assert openai.requests[-1].headers["authorization"] == f"Bearer {VALUE}"


async def test_a_model_is_asked_for_only_with_the_box_ticked(
    state: OwnCredentialsState, openai: FakeProvider
) -> None:
    await do(state, "open_new")
    await paste(state, VALUE)
    await do(state, "test_form", form(model="gpt-4o"))
    assert (openai.hits, state.form_check.model) == (1, "")
    await do(state, "test_form", form(model="gpt-4o", with_model="on"))
    assert (openai.hits, state.form_check.model) == (3, "gpt-4o")
    await do(state, "test_form", form(model="not a model!", with_model="on"))
    assert (openai.hits, state.problem_field) == (3, "model")


@pytest.mark.parametrize("value", [VALUE, "a-key-of-no-known-look-0123456789"])
async def test_a_key_pasted_as_the_model_is_asked_for_nowhere_and_kept_nowhere(
    state: OwnCredentialsState, portal: Portal, openai: FakeProvider, value: str
) -> None:
    await do(state, "open_new")
    await do(state, "choose_provider", "openai")
    await do(state, "test_form", form(api_key=value, model=value, with_model="on"))
    assert (state.problem_field, openai.hits) == ("model", 0)
    await do(state, "submit_form", form(api_key=value))
    await do(state, "load_providers")
    await do(state, "open_model_check", state.rows[0].id)
    await do(state, "test_model", {"model": value})
    assert (state.check_problem_field, openai.hits) == ("model", 0)
    assert value not in vars_of(state)
    assert value.encode() not in all_text_of(portal)


async def test_an_edit_without_a_new_value_tests_the_saved_one_with_the_form_s_fields(
    state: OwnCredentialsState, portal: Portal, alice: Principal, openai: FakeProvider, saved: str
) -> None:
    await do(state, "open_edit", saved)
    await do(state, "test_form", form(api_key="", **{"field-organization": "org-2"}))
    sent = openai.requests[-1].headers
    assert (sent["authorization"], sent["openai-organization"]) == (f"Bearer {VALUE}", "org-2")
    assert state.form_check.outcome == "valid"
    assert credentials.get(portal, alice, Ownership.USER, saved).health.outcome is None


async def test_an_edit_with_a_new_value_tests_that_one(
    state: OwnCredentialsState, openai: FakeProvider, saved: str
) -> None:
    await do(state, "open_edit", saved)
    await do(state, "test_form", form(api_key=VALUE + "new"))
    assert openai.requests[-1].headers["authorization"] == f"Bearer {VALUE}new"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"api_key": ""}, "api_key"),
        ({"api_key": "0123456789abcdef0123456789abcdef"}, "provider"),
        ({"field-organization": "org with spaces"}, "organization"),
    ],
)
async def test_a_test_that_cannot_be_made_says_why_beside_the_field(
    state: OwnCredentialsState, openai: FakeProvider, values: dict[str, str], field: str
) -> None:
    await do(state, "open_new")
    if field == "organization":
        await do(state, "choose_provider", "openai")
    await do(state, "test_form", form(**values))
    assert (state.problem_field, state.form_is_testing, openai.hits) == (field, False, 0)


@pytest.mark.parametrize("act", ["close_form", "change_value", "next person"])
async def test_an_answer_that_comes_too_late_is_dropped(
    state: OwnCredentialsState, openai: FakeProvider, bob: Principal, act: str
) -> None:
    await do(state, "open_new")
    openai.stay_silent()
    waiting = asyncio.create_task(do(state, "test_form", form()))
    await until(lambda: openai.hits >= 1)
    assert state.form_is_testing
    await do(state, "test_form", form())  # pressed once more: nothing is asked twice
    assert openai.hits == 1
    if act == "next person":
        root = state._get_root_state()
        root.reset()
        object.__setattr__(root, "_kp_principal", bob)
        await do(state, "open_new")
    else:
        await do(state, act)
    openai.stopping.set()
    await waiting
    assert (state.form_check.outcome, state.form_is_testing, state.form_problem) == ("", False, "")


async def test_a_member_tests_no_system_key_in_a_form(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    state = state_for(SystemCredentialsState, portal, alice)
    state.form_is_open = True
    await do(state, "test_form", form())
    assert (state.problem_field, openai.hits) == ("form", 0)


@pytest.mark.parametrize("junk", [None, 5, [], {"a": 1}, "x" * 9000, "\x00", "\ud800"])
async def test_junk_from_a_hand_made_event_finds_nothing(
    state: OwnCredentialsState, openai: FakeProvider, junk: Any
) -> None:
    await do(state, "open_new")
    await do(state, "look_at_value", junk, state.form_number)
    await do(state, "look_at_value", junk, junk)
    await do(state, "toggle_field", junk)
    await do(state, "test_form", junk)
    await do(state, "test_form", {"api_key": junk, "with_model": junk, "model": junk})
    assert (state.form_check.outcome, openai.hits, state.shown_fields) == ("", 0, [])
