"""Several keys at once, their order, and the drawer of one, as the states see them."""

from typing import Any

import pytest

from keyportal.domain.principals import Principal
from keyportal.services import credentials
from keyportal.services.portal import Portal
from keyportal.ui.credentials.state import OwnCredentialsState
from keyportal.ui.shared.sentences import Part
from tests.fakes.fake_provider import FakeProvider
from tests.services.support import USER, save
from tests.ui.support import do, state_for


@pytest.fixture
def ids(portal: Portal, alice: Principal) -> dict[str, str]:
    return {name: save(portal, alice, name, environment="prod").id for name in "abc"}


@pytest.fixture
async def state(portal: Portal, alice: Principal, ids: dict[str, str]) -> OwnCredentialsState:
    state = state_for(OwnCredentialsState, portal, alice)
    await do(state, "load")
    return state


def statuses(state: OwnCredentialsState) -> dict[str, str]:
    return {row.name: row.status for row in state.rows}


async def test_selected_keys_are_switched_together(state: OwnCredentialsState, ids: dict[str, str]) -> None:
    for name in "ab":
        await do(state, "select", ids[name], True)
    await do(state, "deactivate_selected")
    assert statuses(state) == {"a": "inactive", "b": "inactive", "c": "active"}
    assert (state.selected, state.notice) == ([], "2 keys are inactive now.")
    await do(state, "select", ids["a"], True)
    await do(state, "activate_selected")
    assert (statuses(state)["a"], state.notice) == ("active", "1 key is active now.")


async def test_a_deletion_of_several_asks_first_and_can_be_left(
    state: OwnCredentialsState, ids: dict[str, str]
) -> None:
    await do(state, "select_page", True)
    await do(state, "ask_delete_selected")
    assert (state.doomed_count, state.doomed_names) == ("3 keys", "a, b, c")
    assert "Nothing is left for OpenAI" in state.doomed_leaves
    await do(state, "keep_selected", False)
    assert (state.doomed_ids, state.total) == ([], 3)
    await do(state, "ask_delete_selected")
    await do(state, "confirm_delete_selected")
    assert (state.total, state.selected) == (0, [])


async def test_only_selected_keys_are_tested(
    state: OwnCredentialsState, ids: dict[str, str], openai: FakeProvider
) -> None:
    await do(state, "select", ids["b"], True)
    await do(state, "test_selected")
    assert {row.name: row.health for row in state.rows} == {"a": "unchecked", "b": "valid", "c": "unchecked"}
    assert state.batch_summary == "1 valid."


async def test_a_stranger_in_the_selection_stops_it_all(
    state: OwnCredentialsState, portal: Portal, bob: Principal, ids: dict[str, str]
) -> None:
    state.selected = [ids["a"], save(portal, bob, "bobs").id]
    for handler in ("deactivate_selected", "ask_delete_selected"):
        state.notice = ""
        await do(state, handler)
        assert "nothing here" in state.notice
    state.doomed_ids = state.selected
    await do(state, "confirm_delete_selected")
    assert statuses(state) == dict.fromkeys("abc", "active")


async def test_keys_are_put_in_order_by_arrows_and_by_dropping(
    state: OwnCredentialsState, ids: dict[str, str]
) -> None:
    await do(state, "open_order", "openai")
    assert [(r.name, r.is_primary, r.is_first, r.is_last) for r in state.order_rows] == [
        ("a", True, True, False),
        ("b", False, False, False),
        ("c", False, False, True),
    ]
    await do(state, "move_down", ids["a"])
    assert (order(state), state.order_said) == ("bac", "a is number 2 now.")
    await do(state, "move_up", ids["c"])
    await do(state, "place_in_order", {"key": ids["a"], "place": "0"})
    assert order(state) == "abc"
    await do(state, "close_order", False)
    assert (state.order_provider, state.order_rows) == ("", [])


def order(state: OwnCredentialsState) -> str:
    return "".join(row.name for row in state.order_rows)


@pytest.mark.parametrize(
    "form", [None, {}, {"key": "x", "place": "0"}, {"key": "x", "place": "-1"}, {"place": "9" * 20}]
)
async def test_a_hand_made_drop_is_refused(state: OwnCredentialsState, form: Any) -> None:
    await do(state, "open_order", "openai")
    await do(state, "place_in_order", form)
    assert state.notice_is_problem
    assert order(state) == "abc"


async def test_a_key_is_made_primary_from_its_row(state: OwnCredentialsState, ids: dict[str, str]) -> None:
    assert {row.name: (row.is_primary, row.can_be_primary) for row in state.rows}["c"] == (False, True)
    await do(state, "make_primary", ids["c"])
    assert {row.name for row in state.rows if row.is_primary} == {"c"}
    assert state.notice == "c is tried first for OpenAI now."


async def test_the_drawer_is_filled_when_it_opens_and_emptied_when_it_closes(
    state: OwnCredentialsState, ids: dict[str, str]
) -> None:
    events = await do(state, "open_row", ids["b"])
    assert state.details.name == "b"
    assert state.details.place[0].text.startswith("Second of 3 for OpenAI.")
    assert (len(state.details_usage), state.details.usage_30) == (30, "0")
    assert [row.what for row in state.details_history] == [[Part("Added the key")]]
    assert f"open={ids['b']}" in repr(events)
    await do(state, "close_row", False)
    assert (state.opened, state.details.id) == ("", "")


async def test_the_drawer_follows_what_is_done(
    state: OwnCredentialsState, ids: dict[str, str], openai: FakeProvider
) -> None:
    await do(state, "open_row", ids["b"])
    await do(state, "test", ids["b"])
    assert (state.details_check.outcome, state.details_models) == ("valid", ["gpt-4o"])
    await do(state, "switch_active", ids["b"], False)
    assert state.details.status == "inactive"
    await do(state, "ask_delete", ids["b"])
    await do(state, "confirm_delete")
    assert (state.opened, state.details.id) == ("", "")


async def test_links_are_added_and_removed_in_the_drawer(
    state: OwnCredentialsState, ids: dict[str, str]
) -> None:
    await do(state, "load_providers")
    await do(state, "open_links", ids["a"])
    await do(state, "add_link", {"link_pattern": "gpt-4o*"})
    assert (state.link_problem_field, state.details_links) == ("provider", [])
    await do(state, "choose_link_provider", "openai")
    await do(state, "add_link", {"link_pattern": "gpt-4o*"})
    assert [(row.provider_name, row.pattern) for row in state.details_links] == [("OpenAI", "gpt-4o*")]
    assert (state.link_problem, state.link_chosen.id) == ("", "")
    await do(state, "choose_link_provider", "openai")
    await do(state, "add_link", {"link_pattern": ""})
    assert state.link_problem_field == "model_pattern"
    await do(state, "remove_link", state.details_links[0].id)
    assert state.details_links == []


async def test_bob_opens_nothing_of_alices(
    portal: Portal, bob: Principal, alice: Principal, ids: dict[str, str]
) -> None:
    his = state_for(OwnCredentialsState, portal, bob)
    await do(his, "open_row", ids["a"])
    assert (his.details.id, his.details_history) == ("", [])
    assert "nothing here" in his.details_problem
    for handler, arguments in (("make_primary", ()), ("move_up", ()), ("open_rotation", ())):
        his.notice = ""
        await do(his, handler, ids["b"], *arguments)
        assert "nothing here" in his.notice
    await do(his, "choose_link_provider", "openai")
    await do(his, "add_link", {"link_pattern": "x*"})
    assert his.link_problem
    assert credentials.get(portal, alice, USER, ids["b"]).position == 1


@pytest.mark.parametrize("junk", [None, 5, {"a": 1}, "\x00", "\ud800", "x" * 9000])
async def test_junk_from_a_hand_made_event_is_refused_not_raised(
    state: OwnCredentialsState, junk: Any
) -> None:
    for handler in (
        "open_row",
        "open_links",
        "open_order",
        "move_up",
        "make_primary",
        "open_rotation",
        "choose_link_provider",
        "remove_link",
        "add_link",
        "submit_rotation",
        "finish_rotation",
    ):
        await do(state, handler, junk)
    assert statuses(state) == dict.fromkeys("abc", "active")
