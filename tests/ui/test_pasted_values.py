"""What the form says of a pasted value before it is saved, and what is agreed to."""

import pytest

from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.services import providers
from keyportal.services.portal import Portal
from keyportal.ui.credentials.state import OwnCredentialsState
from keyportal.ui.shared.credentials.form_values import hint_of
from tests.ui.support import do, state_for
from tests.ui.test_key_form import ACCESS_KEY_ID, LINE, VALUE, form, paste, vars_of

ANTHROPIC = "sk-ant-api03-FORMcanary0123456789"
AWS_SECRET = "FORMcanary" + "x" * 30
SERVICE_ACCOUNT = '{"type": "service_account", "project_id": "x"}'


@pytest.fixture
def state(portal: Portal, alice: Principal) -> OwnCredentialsState:
    return state_for(OwnCredentialsState, portal, alice)


async def test_a_pasted_key_chooses_its_provider(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    await paste(state, ANTHROPIC)
    assert (state.chosen.id, state.pasted.guessed_name, state.chosen_by_hand) == (
        "anthropic",
        "Anthropic",
        False,
    )
    await paste(state, VALUE)
    assert state.chosen.id == "openai"
    assert "FORMcanary" not in vars_of(state)


async def test_a_provider_chosen_by_hand_stays_until_the_person_switches(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    await do(state, "choose_provider", "deepgram")
    await paste(state, ANTHROPIC)
    assert (state.chosen.id, state.pasted.guessed_id) == ("deepgram", "anthropic")
    assert "Deepgram" in state.pasted.warning
    await do(state, "switch_to_recognised")
    assert state.chosen.id == "anthropic"


@pytest.mark.parametrize("second", [AWS_SECRET, f"AWS_SECRET_ACCESS_KEY={AWS_SECRET}", ""])
async def test_a_value_that_gives_nobody_away_leaves_the_recognised_provider_and_its_fields(
    state: OwnCredentialsState, second: str
) -> None:
    await do(state, "open_new")
    await paste(state, ACCESS_KEY_ID)
    fields = state.extra_fields
    assert (state.chosen.id, len(fields)) == ("aws_transcribe", 3)
    await paste(state, second)
    assert (state.chosen.id, state.pasted.guessed_id, state.pasted.warning) == ("aws_transcribe", "", "")
    assert list(state.extra_fields) == list(fields)
    await paste(state, ANTHROPIC)
    assert state.chosen.id == "anthropic"


async def test_what_is_odd_is_said_of_the_provider_recognised_before(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    await paste(state, ANTHROPIC)
    await paste(state, "no known look")
    assert (state.chosen.id, "Anthropic" in state.pasted.warning) == ("anthropic", True)


async def test_of_several_equally_likely_providers_one_is_chosen_by_hand(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    await paste(state, SERVICE_ACCOUNT)
    assert (state.chosen.id, state.pasted.guessed_id) == ("", "")
    assert [candidate.id for candidate in state.pasted.candidates] == ["google_speech", "vertex_ai"]
    assert state.pasted.candidate_names == "Google Speech-to-Text or Vertex AI"
    events = await do(state, "choose_candidate", "vertex_ai")
    assert (state.chosen.id, state.chosen_by_hand, len(events)) == ("vertex_ai", True, 1)
    await paste(state, ANTHROPIC)
    assert (state.chosen.id, state.pasted.candidates) == ("vertex_ai", [])


async def test_a_candidate_nobody_offers_is_not_chosen(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    await do(state, "choose_candidate", "no such provider")
    await do(state, "choose_candidate", None)
    assert (state.chosen.id, state.chosen_by_hand) == ("", False)


def test_three_candidates_are_named_in_one_sentence(portal: Portal, alice: Principal) -> None:
    found = providers.look_at_pasted(portal, alice, Secret("ya29.abc"))
    assert hint_of(found).candidate_names == "Google Gemini, Google Speech-to-Text or Vertex AI"


async def test_nothing_is_said_of_an_empty_value(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    await paste(state, VALUE)
    await paste(state, "")
    hint = state.pasted
    assert (hint.guessed_id, hint.notice, hint.problem, hint.warning) == ("", "", "", "")


async def test_what_will_be_cleaned_and_what_cannot_be_saved_is_said_before(
    state: OwnCredentialsState,
) -> None:
    await do(state, "open_new")
    await paste(state, f"  {VALUE} ")
    assert "left out" in state.pasted.notice
    await paste(state, "sk-...cdef")
    assert "masked" in state.pasted.problem


async def test_a_look_that_comes_late_says_nothing_in_the_next_form(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    former = state.form_number
    await do(state, "close_form")
    await do(state, "open_new")
    await do(state, "look_at_value", ANTHROPIC, former)
    assert (state.pasted.guessed_id, state.chosen.id) == ("", "")


async def test_a_whole_line_is_saved_without_its_name_only_after_consent(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    await paste(state, LINE)
    assert (state.pasted.is_assignment, state.chosen.id) == (True, "openai")
    await do(state, "submit_form", form(api_key=LINE))
    assert (state.form_is_open, state.problem_field) == (True, "api_key")
    await do(state, "switch_value_only")
    await do(state, "submit_form", form(api_key=LINE))
    assert [row.mask for row in state.rows] == ["****...cdef"]
    assert "FORMcanary" not in vars_of(state)


async def test_consent_is_taken_back_by_undo_and_by_every_new_value(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    await paste(state, LINE)
    await do(state, "switch_value_only")
    await do(state, "switch_value_only")
    assert state.keeps_value_only is False
    await do(state, "switch_value_only")
    await do(state, "change_value")  # before anybody looked at the new value
    await do(state, "submit_form", form(api_key=LINE))
    assert (state.keeps_value_only, state.problem_field) == (False, "api_key")


async def test_there_is_nothing_to_agree_to_in_a_plain_value(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    await paste(state, VALUE)
    await do(state, "switch_value_only")
    assert state.keeps_value_only is False
