"""The import dialog: masked rows, decisions, all or nothing, and no value in any var."""

from typing import Any

import pytest

from keyportal.domain.principals import Principal
from keyportal.services.portal import Portal
from keyportal.ui.admin_system_keys.state import SystemCredentialsState
from keyportal.ui.credentials.state import OwnCredentialsState
from keyportal.ui.shared.imports.values import PAGE, TEXT_ID
from tests.services.support import SYSTEM, VALUE, save
from tests.services.test_importing import GROQ, OTHER, saved
from tests.ui.support import do, state_for, visit

TEXT = f"OPENAI_API_KEY={VALUE}\nGROQ_API_KEY={GROQ}\nPATH=/usr/bin\n"


async def opened(portal: Portal, who: Principal) -> OwnCredentialsState:
    state = state_for(OwnCredentialsState, portal, who)
    visit(state, "/api-keys")
    await do(state, "load")
    await do(state, "open_import")
    return state


@pytest.fixture
async def state(portal: Portal, alice: Principal) -> OwnCredentialsState:
    return await opened(portal, alice)


async def submit(state: OwnCredentialsState, text: str = TEXT) -> None:
    await do(state, "submit_import", {TEXT_ID: text})


async def test_a_preview_shows_masked_rows_and_refused_lines(state: OwnCredentialsState) -> None:
    await submit(state)
    assert [(r.line, r.variable, r.provider, r.action) for r in state.import_rows] == [
        (1, "OPENAI_API_KEY", "openai", "add"),
        (2, "GROQ_API_KEY", "groq", "add"),
    ]
    assert [(r.line, r.variable) for r in state.import_refused] == [(3, "PATH")]
    assert (state.import_summary, state.import_act) == ("2 keys to import, 1 line refused", "Import 2 keys")


async def test_no_value_is_in_any_var_before_or_after(state: OwnCredentialsState) -> None:
    await submit(state)
    backend = repr([state._import_all, state._import_digest, state._import_lacking])
    held = repr(state._get_root_state().dict()) + backend
    assert VALUE not in held and GROQ not in held
    await submit(state)
    assert VALUE not in repr(state._get_root_state().dict())


async def test_the_second_submit_imports_and_shows_the_list(
    state: OwnCredentialsState, portal: Portal, alice: Principal
) -> None:
    await submit(state)
    await submit(state)
    assert saved(portal, alice) == {"OpenAI": VALUE, "Groq": GROQ}
    assert (state.import_is_open, state.total) == (False, 2)
    assert state.notice.startswith("2 keys imported.")


async def test_decisions_are_kept_and_looked_at_again(
    state: OwnCredentialsState, portal: Portal, alice: Principal
) -> None:
    await submit(state)
    await do(state, "rename_import", 1, "Mine")
    await do(state, "choose_import_provider", 1, "")
    await do(state, "choose_import_action", 2, "skip")
    assert (state.import_rows[0].name, state.import_rows[0].provider) == ("Mine", "")
    assert (state.import_rows[1].is_skipped, state.import_act) == (True, "Import 1 key")
    await submit(state)
    assert saved(portal, alice) == {"Mine": VALUE}


async def test_a_name_taken_by_another_row_is_told_at_once_and_stops_the_import(
    state: OwnCredentialsState, portal: Portal, alice: Principal
) -> None:
    await submit(state)
    await do(state, "rename_import", 2, "openai")
    assert "Line 1 has this name" in state.import_rows[1].problem
    await submit(state)
    assert state.import_problem.startswith("Line 2: ")
    assert (state.import_is_open, saved(portal, alice)) == (True, {})


async def test_a_taken_name_can_be_overwritten_or_kept_beside(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "OpenAI", OTHER)
    state = await opened(portal, alice)
    await submit(state)
    row = state.import_rows[0]
    assert (row.action, [a.value for a in row.actions]) == ("skip", ["skip", "overwrite", "keep_both"])
    await do(state, "choose_import_action", 1, "overwrite")
    await submit(state)
    assert saved(portal, alice) == {"OpenAI": VALUE, "Groq": GROQ}


async def test_a_text_changed_behind_the_preview_is_refused(
    state: OwnCredentialsState, portal: Portal, alice: Principal
) -> None:
    await submit(state)
    await submit(state, f"OPENAI_API_KEY={OTHER}")
    assert "Preview it again" in state.import_problem
    assert saved(portal, alice) == {}


async def test_a_key_saved_meanwhile_is_never_overwritten_by_surprise(
    state: OwnCredentialsState, portal: Portal, alice: Principal
) -> None:
    await submit(state)
    save(portal, alice, "OpenAI", OTHER)
    await submit(state)
    assert state.import_problem.startswith("Line 1: ")
    assert (state.import_rows[0].is_skipped, "There is a key" in state.import_rows[0].remark) == (True, True)
    assert saved(portal, alice) == {"OpenAI": OTHER}


@pytest.mark.parametrize("text", ["", "A_KEY=x\n" * 1001])
async def test_a_text_that_cannot_be_read_stays_in_the_dialog(state: OwnCredentialsState, text: str) -> None:
    await submit(state, text)
    assert (state.import_is_previewed, bool(state.import_problem)) == (False, True)


async def test_many_rows_come_in_pages_and_the_bad_one_is_turned_to(state: OwnCredentialsState) -> None:
    await submit(state, "".join(f"K{n}_KEY=value-{n:012d}\n" for n in range(PAGE + 2)))
    assert (len(state.import_rows), state.import_pages) == (PAGE, 2)
    await do(state, "show_next_import_page")
    assert [row.line for row in state.import_rows] == [PAGE + 1, PAGE + 2]
    await do(state, "rename_import", PAGE + 2, " ")
    await do(state, "show_previous_import_page")
    await submit(state, "".join(f"K{n}_KEY=value-{n:012d}\n" for n in range(PAGE + 2)))
    assert (state.import_page, state.import_rows[1].problem) == (2, "Give it a name.")


async def test_back_forgets_the_preview_and_closing_forgets_all(state: OwnCredentialsState) -> None:
    await submit(state)
    await do(state, "change_import_text")
    assert (state.import_is_previewed, state.import_rows, state._import_digest) == (False, [], "")
    await submit(state)
    await do(state, "set_import_open", False)
    assert (state.import_is_open, state._import_all) == (False, [])


@pytest.mark.parametrize("junk", ["\ud800", "a\x00b", "x" * 400_000])
@pytest.mark.parametrize("handler", ["choose_import_provider", "rename_import", "choose_import_action"])
async def test_what_no_row_could_hold_is_refused_and_not_kept(
    state: OwnCredentialsState, handler: str, junk: str
) -> None:
    await submit(state)
    before = state._import_all
    await do(state, handler, 1, junk)
    assert state._import_all == before
    assert state.notice_is_problem


async def test_a_variable_that_could_be_a_key_is_a_line_alone(state: OwnCredentialsState) -> None:
    await submit(state, f"export gsk0aB1cD2eF3gH4iJ = {VALUE}")
    (row,) = state.import_rows
    assert (row.variable, row.name) == ("Line 1", "Imported key, line 1")
    assert "gsk0a" not in repr(state._get_root_state().dict()).lower()


@pytest.mark.parametrize("junk", [None, 5, [], {}])
async def test_wrong_types_change_nothing(state: OwnCredentialsState, junk: Any) -> None:
    await submit(state)
    before = state.import_rows
    for handler in ("choose_import_provider", "rename_import", "choose_import_action"):
        await do(state, handler, 1, junk)
    assert state.import_rows == before
    await do(state, "submit_import", junk)
    assert state.import_is_open


async def test_system_keys_are_imported_for_the_system(portal: Portal, root: Principal) -> None:
    state = state_for(SystemCredentialsState, portal, root)
    visit(state, "/admin/system-keys")
    await do(state, "open_import")
    for _ in range(2):
        await do(state, "submit_import", {TEXT_ID: TEXT})
    assert saved(portal, root, SYSTEM) == {"OpenAI": VALUE, "Groq": GROQ}


async def test_a_member_imports_no_system_key(portal: Portal, alice: Principal, root: Principal) -> None:
    state = state_for(SystemCredentialsState, portal, alice)
    await do(state, "submit_import", {TEXT_ID: TEXT})
    assert (state.import_is_previewed, state.import_rows) == (False, [])
    assert saved(portal, root, SYSTEM) == {}
