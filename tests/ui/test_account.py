"""The account page, the pages behind one-time links, and the way back after signing in."""

import pytest

from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.services import sessions, sign_in
from keyportal.services.portal import Portal
from keyportal.ui import routes
from keyportal.ui.account.state import AccountState
from keyportal.ui.one_time_link.state import OneTimeLinkState
from keyportal.ui.shared.guards import sent_to
from keyportal.ui.shared.session import SessionState
from keyportal.ui.sign_in.state import SignInState
from tests.services.support import save
from tests.support import PASSWORDS
from tests.ui.support import do, state_for, visit

ALICE = "alice@example.com"


def entered(portal: Portal) -> Principal:
    token = sign_in.sign_in(portal, ALICE, Secret(PASSWORDS[ALICE]), user_agent="Firefox/1 Linux").token
    found = sessions.find_principal(portal, sessions.digest_of(token.reveal()))
    assert found is not None
    return found


async def account_of(portal: Portal, principal: Principal, address: str = "/account") -> AccountState:
    state = state_for(AccountState, portal, principal)
    visit(state, address)
    await do(state, "load_account")
    await do(state, "load")
    return state


async def test_a_person_sees_who_they_are_and_what_they_did(portal: Portal) -> None:
    alice = entered(portal)
    save(portal, alice)
    state = await account_of(portal, alice)
    assert (state.name, state.role, [b.is_this for b in state.browsers]) == ("alice", "member", [True])
    assert [row.words for row in state.rows] == ["Added the key", "Sign-in", "Added the person"]
    assert str(alice.session_digest) not in repr(state._get_root_state().dict())


async def test_a_name_is_saved_or_refused_at_its_field(portal: Portal, alice: Principal) -> None:
    state = await account_of(portal, alice)
    await do(state, "submit_name", {"name": " "})
    assert state.name_problem
    await do(state, "submit_name", {"name": "Alice A."})
    assert (state.name, state.person_name, state.name_problem) == ("Alice A.", "Alice A.", "")


async def test_other_browsers_are_signed_out(portal: Portal) -> None:
    here, there = entered(portal), entered(portal)
    state = await account_of(portal, here)
    await do(state, "end_session", next(b.id for b in state.browsers if not b.is_this))
    assert sessions.find_principal(portal, str(there.session_digest)) is None
    entered(portal)
    await do(state, "sign_out_elsewhere")
    assert (len(state.browsers), state.notice) == (1, "1 other browser signed out.")


async def test_bobs_account_page_ends_no_session_of_alice(portal: Portal, bob: Principal) -> None:
    hers = entered(portal)
    state = await account_of(portal, bob)
    await do(state, "end_session", sessions.own_sessions(portal, hers)[0].id)
    assert state.notice_is_problem and sessions.find_principal(portal, str(hers.session_digest))


@pytest.mark.parametrize(
    ("query", "field", "has_problem"),
    [
        ("?problem=invalid_input&field=current_password", "current_password", True),
        ("?problem=invalid_input&field=<b>", "", True),
        ("?problem=too_many_attempts", "", True),
        ("", "", False),
    ],
)
async def test_the_account_page_says_how_changing_the_password_went(
    portal: Portal, alice: Principal, query: str, field: str, has_problem: bool
) -> None:
    state = await account_of(portal, alice, f"/account{query}")
    assert (state.password_problem_field, bool(state.password_problem)) == (field, has_problem)
    assert "<b>" not in state.password_problem


@pytest.mark.parametrize(
    ("query", "is_ended", "field"),
    [
        ("?problem=link_ended", True, ""),
        ("?problem=invalid_input&field=password", False, "password"),
        ("?problem=anything", False, ""),
        ("", False, ""),
    ],
)
async def test_the_pages_behind_links_tell_a_stranger_what_went_wrong(
    portal: Portal, query: str, is_ended: bool, field: str
) -> None:
    state = state_for(OneTimeLinkState, portal, None)
    visit(state, f"/join{query}")
    await do(state, "load")
    assert (state.is_ended, state.problem_field, bool(state.problem)) == (is_ended, field, bool(query))


@pytest.mark.parametrize(
    ("path", "query", "leads_to"),
    [
        ("/api-keys/", "q=a", "/sign-in?next=%2Fapi-keys%3Fq%3Da"),
        ("/admin/users", "", "/sign-in?next=%2Fadmin%2Fusers"),
        ("/", "", "/sign-in"),
        ("//evil.example", "", "/sign-in"),
        ("/no-such-page", "", "/sign-in"),
        ("/join", "", "/sign-in"),
    ],
)
def test_a_stranger_is_sent_to_sign_in_and_back_to_pages_of_ours_alone(
    path: str, query: str, leads_to: str
) -> None:
    assert sent_to(path, query, is_signed_in=False) == leads_to


async def test_a_member_is_told_why_a_page_of_admins_did_not_open(portal: Portal, bob: Principal) -> None:
    assert sent_to("/admin/users", "", is_signed_in=True) == "/?refused=/admin/users"
    assert sent_to("/api-keys", "", is_signed_in=True) == "/"
    for query, told in (("?refused=/admin/users", "Only admins can open Users."), ("?refused=x", "")):
        state = state_for(SessionState, portal, bob)
        visit(state, f"/{query}")
        await do(state, "show_person")
        assert state.notice == told


async def test_the_sign_in_page_keeps_the_page_to_go_to(portal: Portal, alice: Principal) -> None:
    state = state_for(SignInState, portal, None)
    for wanted, kept in (("%2Fapi-keys%3Fq%3Da", "/api-keys?q=a"), ("https%3A%2F%2Fevil.example", "/")):
        visit(state, f"/sign-in?next={wanted}")
        assert await do(state, "load") == []
        assert state.next_page == kept
    signed_in = state_for(SignInState, portal, alice)
    visit(signed_in, "/sign-in?next=%2Faccount")
    assert "/account" in str((await do(signed_in, "load"))[0].args)


def test_every_page_is_one_to_come_back_to_or_one_for_strangers() -> None:
    strangers = {routes.SIGN_IN, routes.SET_UP, routes.JOIN, routes.RESET}
    assert routes.pages() & strangers == set()
    assert set(routes.ADMIN_PAGES) <= routes.pages() and routes.OVERVIEW in routes.pages()
