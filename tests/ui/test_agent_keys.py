"""The Agent keys page: values shown once, the list's manners, renaming, rotating, ending several at once."""

from typing import Any

import pytest

from keyportal.domain.principals import Principal, Scope
from keyportal.services import access, policies
from keyportal.services.portal import Portal
from keyportal.ui.agent_keys.rows import ENVIRONMENT_ID, NEW_VALUE_ID, ON_A_DAY, SCOPE_FIELDS
from keyportal.ui.agent_keys.state import AgentKeysState
from tests.ui.support import do, state_for, visit


def form(**values: str) -> dict[str, Any]:
    return {"name": "Nightly", "days": "90", SCOPE_FIELDS[Scope.RESOLVE]: "on", **values}


async def opened(portal: Portal, who: Principal, address: str = "/agent-keys") -> AgentKeysState:
    state = state_for(AgentKeysState, portal, who)
    visit(state, address)
    await do(state, "load")
    return state


@pytest.fixture
async def state(portal: Portal, alice: Principal) -> AgentKeysState:
    return await opened(portal, alice)


def values_sent(events: list[Any]) -> dict[str, str]:
    """Return what set-value events put into the browser's inputs, by the input's id."""
    found = {}
    for event in events:
        arguments = {
            str(name): value._var_value for name, value in event.args if hasattr(value, "_var_value")
        }
        if "ref" in arguments:
            found[arguments["ref"].removeprefix("ref_").replace("_", "-")] = str(arguments["value"])
    return found


async def issue(state: AgentKeysState, handler: str = "submit_new", **values: str) -> dict[str, str]:
    return values_sent(await do(state, handler, form(**values)))


async def test_a_new_value_goes_to_the_inputs_and_into_no_var(state: AgentKeysState, portal: Portal) -> None:
    await do(state, "open_new")
    sent = await issue(state)
    value = sent[NEW_VALUE_ID]
    assert access.require_agent(portal, value).name == "Nightly"
    assert sent[ENVIRONMENT_ID].splitlines()[1] == f"KEYPORTAL_AGENT_KEY={value}"
    assert value not in repr(state._get_root_state().dict())
    assert (state.value_is_ready, state.issued_name) == (True, "Nightly")


async def test_the_snippets_have_the_portals_address_and_a_variable_for_the_value(
    state: AgentKeysState, portal: Portal
) -> None:
    await issue(state)
    assert f"{portal.settings.public_url}/api/resolve" in state.snippets.curl
    assert "$KEYPORTAL_AGENT_KEY" in state.snippets.curl
    lines = [text.count("\n") + 1 for text in (state.snippets.curl, state.snippets.python)]
    assert lines == [2, 9], "as many as their fields have rows"
    assert 'os.environ["KEYPORTAL_AGENT_KEY"]' in state.snippets.python
    compile(state.snippets.python, "snippet", "exec")


async def test_a_key_that_only_lists_gets_another_snippet(state: AgentKeysState) -> None:
    await issue(state, **{SCOPE_FIELDS[Scope.RESOLVE]: "", SCOPE_FIELDS[Scope.KEYS_READ]: "on"})
    assert "/api/api-keys" in state.snippets.curl
    assert "/api/resolve" not in state.snippets.curl + state.snippets.python
    compile(state.snippets.python, "snippet", "exec")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"days": "0"}, "expires_in_days"),
        ({"days": "366"}, "expires_in_days"),
        ({"days": "soon"}, "expires_in_days"),
        ({"days": ON_A_DAY, "expires_on": ""}, "expires_on"),
        ({"days": ON_A_DAY, "expires_on": "2026-11-20"}, "expires_on"),
        ({"days": ON_A_DAY, "expires_on": "2027-12-01"}, "expires_on"),
        ({SCOPE_FIELDS[Scope.RESOLVE]: ""}, "scopes"),
        ({SCOPE_FIELDS[Scope.RESOLVE_ANY]: "on"}, "form"),
    ],
)
async def test_a_refused_form_gives_no_value_and_says_why(
    state: AgentKeysState, values: dict[str, str], field: str
) -> None:
    assert await issue(state, **values) == {}
    assert (state.value_is_ready, state.problem_field) == (False, field)
    assert state.form_problem


async def test_a_day_can_be_chosen_instead_of_a_length(state: AgentKeysState) -> None:
    await issue(state, days=ON_A_DAY, expires_on="2026-12-24")
    assert state.rows[0].expires_at.startswith("2026-12-24T00:00:00")


async def test_the_lifetimes_offered_are_those_the_policies_allow(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    policies.change_policies(portal, root, {"agent_key_days": 45, "agent_key_longest_days": 60})
    state = await opened(portal, alice)
    await do(state, "open_new")
    assert [c.value for c in state.lifetime_choices] == ["7", "30", "45", "60", ON_A_DAY]
    assert (state.lifetime, state.longest_days) == ("45", 60)


async def test_agent_keys_are_searched_filtered_and_sorted(state: AgentKeysState) -> None:
    for name in ("b nightly", "a nightly", "other"):
        await issue(state, name=name)
    await do(state, "search", "NIGHT")
    await do(state, "sort_by", "name")
    assert [row.name for row in state.rows] == ["a nightly", "b nightly"]
    await do(state, "filter_by", "status", "revoked")
    assert (state.total, state.is_filtered) == (0, True)


async def test_a_link_restores_the_list(portal: Portal, alice: Principal, state: AgentKeysState) -> None:
    await issue(state)
    again = await opened(portal, alice, "/agent-keys?q=nothing&status=active&sort=name")
    assert (again.query, again.filters, again.sort, again.total) == (
        "nothing",
        {"status": "active"},
        "name",
        0,
    )


async def test_a_key_is_renamed_and_a_stale_page_is_told(state: AgentKeysState) -> None:
    await issue(state)
    key = state.rows[0]
    await do(state, "ask_rename", key.id, key.name, key.version)
    await do(state, "submit_rename", {"new_name": "Nightly run"})
    assert (state.rows[0].name, state.renamed_id) == ("Nightly run", "")
    await do(state, "ask_rename", key.id, key.name, key.version)
    await do(state, "submit_rename", {"new_name": "Late"})
    assert (state.rows[0].name, state.problem_field) == ("Nightly run", "form")


async def test_a_key_is_rotated_and_its_new_value_shown_once(state: AgentKeysState, portal: Portal) -> None:
    old = (await issue(state))[NEW_VALUE_ID]
    await do(state, "close_form")
    key = state.rows[0]
    await do(state, "ask_rotate", key.id, key.name, key.version)
    new = (await issue(state, "submit_rotation", overlap_days="1"))[NEW_VALUE_ID]
    assert access.require_agent(portal, new).agent_key_id != access.require_agent(portal, old).agent_key_id
    assert {row.name for row in state.rows} == {"Nightly", "Nightly (old)"}
    assert new not in repr(state._get_root_state().dict())


async def test_a_refused_rotation_stays_in_its_dialog(state: AgentKeysState) -> None:
    await issue(state)
    key = state.rows[0]
    await do(state, "ask_rotate", key.id, key.name, key.version + 1)
    assert await issue(state, "submit_rotation", overlap_days="7") == {}
    assert (state.form_is_open, state.problem_field) == (True, "form")


async def test_several_are_revoked_and_deleted_after_a_question(state: AgentKeysState) -> None:
    for name in ("one", "two", "three"):
        await issue(state, name=name)
    await do(state, "select_page", True)
    await do(state, "ask_revoke_selected")
    assert state.doomed_name == "3 agent keys"
    await do(state, "confirm")
    assert {row.status for row in state.rows} == {"revoked"}
    await do(state, "ask_delete_selected")
    await do(state, "keep", False)
    await do(state, "confirm")
    assert state.total == 3
    await do(state, "ask_delete", state.rows[0].id, state.rows[0].name)
    await do(state, "confirm")
    assert state.total == 2


async def test_only_done_closes_the_dialog_while_it_shows_a_value(state: AgentKeysState) -> None:
    await do(state, "open_new")
    await do(state, "set_form_open", False)
    assert state.form_is_open is False
    await do(state, "open_new")
    await issue(state)
    await do(state, "set_form_open", False)
    assert (state.value_is_ready, state.form_is_open) == (True, True)
    await do(state, "close_form")
    assert (state.value_is_ready, state.form_is_open) == (False, False)


async def test_a_page_loaded_anew_has_no_dialog_open(state: AgentKeysState) -> None:
    await do(state, "open_new")
    await issue(state)
    await do(state, "forget_dialogs")
    assert (state.value_is_ready, state.form_is_open) == (False, False)


async def test_bob_does_nothing_with_alices_agent_key(
    state: AgentKeysState, portal: Portal, bob: Principal
) -> None:
    await issue(state)
    key = state.rows[0]
    his = await opened(portal, bob)
    await do(his, "ask_revoke", key.id, "x")
    await do(his, "confirm")
    assert his.notice_is_problem
    await do(his, "ask_rotate", key.id, "x", key.version)
    assert await issue(his, "submit_rotation", overlap_days="7") == {}
    await do(his, "ask_rename", key.id, "x", key.version)
    await do(his, "submit_rename", {"new_name": "stolen"})
    await do(state, "try_again")
    assert [(row.name, row.status) for row in state.rows] == [("Nightly", "active")]
