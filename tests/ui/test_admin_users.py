"""The Users page without a browser: the list, details, links shown once, and every act on people."""

from typing import Any

import pytest

from keyportal.domain.principals import Principal, Scope
from keyportal.domain.secret import Secret
from keyportal.services import agent_keys, one_time_links, sign_in, users
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.ui.admin_users.dialogs import people_dialogs
from keyportal.ui.admin_users.links import LINK_VALUE_ID
from keyportal.ui.admin_users.state import UsersState
from tests.services.support import save
from tests.support import PASSWORDS
from tests.ui.support import do, state_for, visit

ALICE = "alice@example.com"
INVITATION = {"email": "carol@example.com", "name": "Carol", "role": "member", "days": "3"}


@pytest.fixture
async def state(portal: Portal, root: Principal) -> UsersState:
    return await opened(portal, root, "/admin/users")


async def opened(portal: Portal, principal: Principal, address: str) -> UsersState:
    state = state_for(UsersState, portal, principal)
    visit(state, address)
    await do(state, "load")
    return state


def link_sent(events: list[Any]) -> str:
    """Return what a set-value event puts into the browser's field."""
    assert len(events) == 1
    arguments = {str(name): str(value).strip('"') for name, value in events[0].args}
    assert arguments["ref"].endswith(LINK_VALUE_ID.replace("-", "_")), arguments
    return arguments["value"]


async def test_an_address_opens_the_list_as_it_says(portal: Portal, root: Principal) -> None:
    state = await opened(portal, root, "/admin/users?status=active&sort=name")
    assert [row.name for row in state.rows] == ["alice", "bob", "root"]
    await do(state, "filter_by", "role", "admin")
    assert [(row.name, row.is_you, row.can_remove) for row in state.rows] == [("root", True, False)]
    await do(state, "search", "nobody")
    assert (state.total, state.is_filtered) == (0, True)


async def test_a_link_is_shown_once_and_stands_in_no_var(state: UsersState, portal: Portal) -> None:
    await do(state, "open_invite")
    url = link_sent(await do(state, "submit_invite", INVITATION))
    token = url.partition("#")[2]
    assert token and token not in repr(state._get_root_state().dict())
    carol = next(row for row in state.rows if row.name == "Carol")
    assert (state.link_is_ready, state.link_kind, carol.status) == (True, "invitation", "invited")
    await do(state, "set_invite_open", False)
    assert state.invite_is_open
    await do(state, "close_invite")
    assert (state.invite_is_open, state.link_is_ready) == (False, False)
    joined = one_time_links.join(portal, token, Secret("carol has a long password"))
    assert joined.principal.name == "Carol"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"email": "x"}, "email"),
        ({"email": ALICE}, "email"),
        ({"role": "owner"}, "role"),
        ({"days": "15"}, "days"),
        ({"days": "soon"}, "days"),
    ],
)
async def test_a_refused_invitation_says_why_beside_the_field(
    state: UsersState, values: dict[str, str], field: str
) -> None:
    assert await do(state, "submit_invite", {**INVITATION, **values}) == []
    assert (state.link_is_ready, state.link_problem_field, state.total) == (False, field, 3)
    assert state.link_problem and state.link_problem_number == 1


async def test_a_reset_link_is_made_for_the_person_who_was_chosen(
    state: UsersState, portal: Portal, alice: Principal
) -> None:
    row = next(r for r in state.rows if r.id == alice.user_id)
    assert [r.name for r in state.rows if not r.link_act] == ["root"]
    await do(state, "ask_link", row.id, row.name, row.link_act)
    url = link_sent(await do(state, "submit_invite", {"days": "1"}))
    reset = one_time_links.reset(portal, url.partition("#")[2], Secret("a new long password"))
    assert (reset.principal.email, state.link_kind) == (ALICE, "reset")


async def test_name_and_role_are_edited_and_a_conflict_is_told(
    state: UsersState, portal: Portal, root: Principal, alice: Principal
) -> None:
    await do(state, "open_edit", alice.user_id)
    users.update(portal, root, str(alice.user_id), users.UserEdit(name="Alice B."))
    await do(state, "submit_edit", {"name": "Alice C.", "role": "admin"})
    assert (state.edit_is_open, state.edit_problem_field, state.edit_problem_number) == (True, "form", 1)
    await do(state, "open_edit", alice.user_id)
    await do(state, "submit_edit", {"name": "Alice C.", "role": "admin"})
    assert (state.edit_is_open, users.get(portal, root, str(alice.user_id)).role) == (False, "admin")
    assert "sign in again" in state.notice


async def test_a_person_is_deactivated_and_reactivated_after_a_yes(
    state: UsersState, alice: Principal
) -> None:
    await do(state, "ask", "deactivate", alice.user_id)
    assert (state.act, state.target_owns) == ("deactivate", "no keys")
    await do(state, "keep", False)
    await do(state, "confirm")
    assert {r.status for r in state.rows} == {"active"}
    for act, status in (("deactivate", "deactivated"), ("reactivate", "active")):
        await do(state, "ask", act, alice.user_id)
        await do(state, "confirm")
        assert next(r.status for r in state.rows if r.id == alice.user_id) == status


async def test_removing_asks_what_becomes_of_the_keys(
    state: UsersState, portal: Portal, alice: Principal
) -> None:
    save(portal, alice)
    await do(state, "ask", "remove", alice.user_id)
    assert (state.removal_is_open, state.target_owns, state.act) == (True, "1 API key", "")
    await do(state, "submit_removal", {})
    assert state.removal_is_open and "Choose" in state.removal_problem
    await do(state, "submit_removal", {"keys": "hand_over"})
    assert (state.removal_is_open, state.total, "System keys" in state.notice) == (False, 2, True)


def test_the_dialog_says_that_links_end_with_a_hand_over() -> None:
    assert "links to other providers and models end" in str(people_dialogs())


async def test_details_show_and_end_what_a_person_has(
    state: UsersState, portal: Portal, alice: Principal
) -> None:
    key, agent_key = (
        save(portal, alice),
        agent_keys.create(portal, alice, NewAgentKey("run", [Scope.RESOLVE])),
    )
    for _ in range(2):
        sign_in.sign_in(portal, ALICE, Secret(PASSWORDS[ALICE]), user_agent="curl/8")
    await do(state, "open_row", alice.user_id)
    detail = state.detail
    assert [len(part) for part in (detail.sessions, detail.api_keys, detail.agent_keys)] == [2, 1, 1]
    assert detail.activity[0].words == "Sign-in"
    await do(state, "end_session", detail.sessions[0].id)
    assert len(state.detail.sessions) == 1
    await do(state, "end_all_sessions")
    await do(state, "ask_about_key", "delete_key", key.id, key.name)
    await do(state, "confirm")
    await do(state, "ask_about_key", "revoke_agent_key", agent_key.view.id, "run")
    await do(state, "confirm")
    assert (state.detail.sessions, state.detail.api_keys) == ([], [])
    assert state.detail.agent_keys[0].status == "revoked"
    await do(state, "close_row")
    assert (state.opened, state.detail.person.id) == ("", "")


async def test_an_unknown_person_is_told_in_place_of_the_details(state: UsersState) -> None:
    await do(state, "open_row", "not an id")
    assert state.detail_problem


async def test_a_member_sees_nothing_of_the_page(portal: Portal, bob: Principal, alice: Principal) -> None:
    state = await opened(portal, bob, "/admin/users")
    assert (state.rows, state.total) == ([], 0) and state.list_problem
    for handler, arguments in (
        ("open_edit", (alice.user_id,)),
        ("ask", ("remove", alice.user_id)),
        ("submit_invite", (INVITATION,)),
        ("end_all_sessions", ()),
    ):
        await do(state, handler, *arguments)
    assert not (state.removal_is_open or state.edit_is_open or state.link_is_ready)
    assert state.notice_is_problem


async def test_a_page_loaded_anew_has_no_dialog_open(state: UsersState, alice: Principal) -> None:
    await do(state, "submit_invite", INVITATION)
    await do(state, "ask", "remove", alice.user_id)
    await do(state, "forget_dialogs")
    assert not (state.invite_is_open or state.link_is_ready or state.removal_is_open)
