"""The two lists of keys as their states see them: search, save, switch, test, delete, and every refusal."""

from typing import Any

import pytest

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.services import credentials
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from keyportal.ui.admin_system_keys.state import SystemCredentialsState
from keyportal.ui.credentials.state import OwnCredentialsState
from tests.fakes.fake_provider import FakeProvider
from tests.ui.support import do, state_for

VALUE = "sk-proj-STATEcanary0123456789abcdef"


def form(**values: str) -> dict[str, Any]:
    return {"name": "Production", "api_key": VALUE, "note": "", "environment": "", "expires_on": "", **values}


@pytest.fixture
def state(portal: Portal, alice: Principal) -> OwnCredentialsState:
    return state_for(OwnCredentialsState, portal, alice)


async def add(state: OwnCredentialsState, **values: str) -> None:
    await do(state, "open_new")
    await do(state, "choose_provider", "openai")
    await do(state, "submit_form", form(**values))


async def test_an_added_key_is_in_the_list_and_its_value_in_no_var(state: OwnCredentialsState) -> None:
    await add(state)
    assert [(r.name, r.mask, r.status) for r in state.rows] == [("Production", "****...cdef", "active")]
    assert state.form_is_open is False
    assert VALUE not in repr(state._get_root_state().dict())


async def test_the_save_tells_what_was_cleaned_off(state: OwnCredentialsState) -> None:
    await add(state, api_key=f"  {VALUE}\n")
    assert "left out" in state.notice


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": f"OPENAI_API_KEY={VALUE}"}, "api_key"),
        ({"environment": "not a label!"}, "environment"),
        ({"expires_on": "tomorrow"}, "expires_on"),
        ({"field-organization": "org with spaces"}, "organization"),
    ],
)
async def test_a_refused_form_stays_open_with_the_reason_beside_its_field(
    state: OwnCredentialsState, values: dict[str, str], field: str
) -> None:
    await add(state, **values)
    assert (state.form_is_open, state.problem_field) == (True, field)
    assert state.form_problem
    assert VALUE not in state.form_problem


async def test_without_a_provider_it_is_recognised_from_the_key(state: OwnCredentialsState) -> None:
    await do(state, "open_new")
    await do(state, "submit_form", form(api_key="sk-ant-api03-STATEcanary0123456789"))
    assert [row.provider_name for row in state.rows] == ["Anthropic"]


async def test_a_key_that_could_be_anybodys_is_asked_about_beside_the_provider(
    state: OwnCredentialsState,
) -> None:
    await do(state, "open_new")
    await do(state, "submit_form", form(api_key="0123456789abcdef0123456789abcdef"))
    assert (state.problem_field, state.total) == ("provider", 0)


async def test_a_taken_name_is_refused_beside_the_name(state: OwnCredentialsState) -> None:
    await add(state)
    await add(state, name="PRODUCTION")
    assert (state.problem_field, state.total) == ("name", 1)


async def test_an_edit_with_a_blank_value_keeps_it(state: OwnCredentialsState) -> None:
    await add(state)
    await do(state, "open_edit", state.rows[0].id)
    assert (state.form.name, state.chosen.id) == ("Production", "openai")
    await do(state, "submit_form", form(name="Renamed", api_key=""))
    assert [(r.name, r.mask) for r in state.rows] == [("Renamed", "****...cdef")]


async def test_the_second_of_two_tabs_is_told(portal: Portal, alice: Principal) -> None:
    first, second = (state_for(OwnCredentialsState, portal, alice) for _ in range(2))
    await add(first)
    for tab in (first, second):
        await do(tab, "open_edit", first.rows[0].id)
    await do(first, "submit_form", form(name="First", api_key=""))
    await do(second, "submit_form", form(name="Second", api_key=""))
    assert (second.form_is_open, second.problem_field) == (True, "form")
    assert "changed in the meantime" in second.form_problem


async def test_search_and_filters_narrow_the_list_and_clearing_brings_it_back(
    state: OwnCredentialsState,
) -> None:
    await add(state)
    await add(state, name="Staging")
    await do(state, "search", "stag")
    assert [r.name for r in state.rows] == ["Staging"]
    await do(state, "filter_by", "status", "inactive")
    assert state.rows == []
    await do(state, "clear_filters")
    assert (state.total, state.query, state.is_filtered) == (2, "", False)


@pytest.mark.parametrize("name", ["provider", "status", "health", "environment"])
async def test_a_filter_nobody_offers_is_told_in_place_of_the_list(
    state: OwnCredentialsState, name: str
) -> None:
    await do(state, "filter_by", name, "no such thing!")
    assert state.list_problem
    await do(state, "clear_filters")
    assert not state.list_problem


async def test_the_filters_offer_what_is_in_use(state: OwnCredentialsState) -> None:
    await add(state, environment="prod")
    assert [(c.id, c.name) for c in state.provider_choices] == [("openai", "OpenAI")]
    assert [c.id for c in state.label_choices] == ["prod"]
    await do(state, "filter_by", "provider", "openai")
    assert state.chosen_provider == "OpenAI"


async def test_pages_turn_and_stop_at_the_ends(
    state: OwnCredentialsState, alice: Principal, portal: Portal
) -> None:
    for number in range(26):
        new = NewCredential("openai", f"Key {number}", Secret(f"{VALUE}{number}"))
        credentials.create(portal, alice, Ownership.USER, new)
    await do(state, "load")
    assert (state.total, state.pages, len(state.rows)) == (26, 2, 25)
    await do(state, "show_next_page")
    await do(state, "show_next_page")
    assert (state.page, len(state.rows)) == (2, 1)
    await do(state, "show_previous_page")
    assert (state.page, len(state.rows)) == (1, 25)


async def test_the_switch_turns_a_key_off_and_on(state: OwnCredentialsState) -> None:
    await add(state)
    await do(state, "switch_active", state.rows[0].id, False)
    assert state.rows[0].status == "inactive"
    await do(state, "switch_active", state.rows[0].id, True)
    assert state.rows[0].status == "active"


async def test_a_test_shows_the_outcome_and_ends_its_spinner(
    state: OwnCredentialsState, openai: FakeProvider
) -> None:
    await add(state)
    await do(state, "test", state.rows[0].id)
    assert (state.rows[0].health, state.testing_ids, state.notice_is_problem) == ("valid", [], False)
    openai.answer(401, {"error": {"code": "invalid_api_key", "message": VALUE}})
    await do(state, "test", state.rows[0].id)
    assert (state.rows[0].health, state.notice_is_problem) == ("invalid", True)
    assert VALUE not in state.notice


async def test_a_delete_asks_first_and_says_what_follows(state: OwnCredentialsState) -> None:
    await add(state)
    await do(state, "ask_delete", state.rows[0].id)
    assert state.doomed_name == "Production"
    assert "Nothing is left" in state.doomed_consequence
    await do(state, "keep", False)
    assert (state.doomed_id, state.total) == ("", 1)
    await do(state, "ask_delete", state.rows[0].id)
    await do(state, "confirm_delete")
    assert state.total == 0


async def test_bob_does_nothing_with_alices_id(
    state: OwnCredentialsState, portal: Portal, bob: Principal
) -> None:
    await add(state)
    credential_id = state.rows[0].id
    his = state_for(OwnCredentialsState, portal, bob)
    for handler, arguments in (
        ("open_edit", ()),
        ("ask_delete", ()),
        ("test", ()),
        ("switch_active", (False,)),
    ):
        his.notice = ""
        await do(his, handler, credential_id, *arguments)
        assert "nothing here" in his.notice
    await do(state, "load")
    assert state.rows[0].status == "active"


async def test_an_admin_works_on_system_keys_and_a_member_does_not(
    portal: Portal, root: Principal, alice: Principal
) -> None:
    admins = state_for(SystemCredentialsState, portal, root)
    await do(admins, "choose_provider", "openai")
    await do(admins, "submit_form", form())
    members = state_for(SystemCredentialsState, portal, alice)
    await do(members, "load")
    assert (admins.total, members.total, members.rows) == (1, 0, [])
    assert members.list_problem


@pytest.mark.parametrize("junk", [None, 5, [], {"a": 1}, "x" * 9000, "\x00", "\ud800"])
async def test_junk_from_a_hand_made_event_is_refused_not_raised(
    state: OwnCredentialsState, junk: Any
) -> None:
    for handler in ("search", "choose_provider", "open_edit", "test", "ask_delete", "make_primary"):
        await do(state, handler, junk)
    await do(state, "filter_by", junk, junk)
    await do(state, "submit_form", junk)
    await do(state, "submit_form", {"name": junk, "api_key": junk})
    assert state.total == 0
