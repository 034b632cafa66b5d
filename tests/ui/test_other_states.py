"""The overview, the person at the foot of the rail, and the two pages for strangers."""

import pytest
from reflex.istate.data import ReflexURL, URLData

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.services import credentials
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from keyportal.ui.overview.state import OverviewState
from keyportal.ui.set_up.state import SetUpState
from keyportal.ui.shared.session import SessionState
from keyportal.ui.sign_in.state import SignInState
from tests.ui.support import do, state_for


async def test_the_overview_shows_the_winner_and_counts_the_rest(portal: Portal, alice: Principal) -> None:
    new = NewCredential("openai", "Mine", Secret("sk-proj-0123456789abcdef"))
    credentials.create(portal, alice, Ownership.USER, new)
    state = state_for(OverviewState, portal, alice)
    await do(state, "load")
    assert [(c.provider, c.source) for c in state.chains] == [("openai", "user")]
    assert state.chains[0].steps[0].verdict == "used"
    assert state.without_key == len(portal.providers.all()) - 1


async def test_the_overview_folds_what_was_not_needed_beyond_the_first_three(
    portal: Portal, alice: Principal
) -> None:
    for number in range(6):
        new = NewCredential("openai", f"Mine {number}", Secret(f"sk-proj-0123456789abcdef{number}"))
        credentials.create(portal, alice, Ownership.USER, new)
    state = state_for(OverviewState, portal, alice)
    await do(state, "load")
    chain = state.chains[0]
    assert [s.verdict for s in chain.steps[:4]] == ["used", *["not_reached"] * 3]
    assert [s.verdict for s in chain.hidden_steps] == ["not_reached"] * len(chain.hidden_steps)
    assert len([s for s in chain.steps + chain.hidden_steps if s.verdict == "not_reached"]) >= 5
    assert len(chain.hidden_steps) >= 2


async def test_the_page_is_told_who_is_signed_in(portal: Portal, root: Principal) -> None:
    state = state_for(SessionState, portal, root)
    await do(state, "show_person")
    assert (state.person_email, state.is_admin, state.is_signed_in) == ("root@example.com", True, True)
    await do(state, "show_unexpected")
    assert state.notice_is_problem
    await do(state, "dismiss_notice")
    assert state.notice == ""


@pytest.mark.parametrize(
    ("query", "shown"), [("", ""), ("?problem=sign_in_failed", "do not match"), ("?problem=<b>", "Try again")]
)
async def test_the_sign_in_page_shows_only_sentences_of_its_own(
    portal: Portal, query: str, shown: str
) -> None:
    state = state_for(SignInState, portal, None)
    url = URLData.from_url(ReflexURL(f"http://localhost/sign-in{query}"))
    state._get_root_state().rx_router_url = url  # type: ignore[attr-defined]
    assert await do(state, "load") == []
    assert shown in state.problem
    assert "<b>" not in state.problem


async def test_whoever_is_signed_in_is_sent_on_from_the_sign_in_page(
    portal: Portal, alice: Principal
) -> None:
    assert len(await do(state_for(SignInState, portal, alice), "load")) == 1


@pytest.mark.parametrize(
    ("query", "shown", "field"),
    [
        ("", "", ""),
        ("?problem=invalid_input&field=code", "This is not the set-up code. It stands in", "code"),
        ("?problem=invalid_input&field=email", "This is not an email address.", "email"),
        ("?problem=invalid_input&field=password", "This password cannot be used:", "password"),
        ("?problem=invalid_input&field=name", "The code, the email or the password", ""),
        ("?problem=invalid_input&field=<b>", "The code, the email or the password", ""),
        ("?problem=invalid_input", "The code, the email or the password", ""),
        ("?problem=too_many_attempts&field=code", "Too many", ""),
        ("?problem=<b>&field=code", "That did not work. Try again.", ""),
    ],
)
async def test_the_set_up_page_says_which_field_is_wrong(
    portal: Portal, query: str, shown: str, field: str
) -> None:
    state = state_for(SetUpState, portal, None)
    url = URLData.from_url(ReflexURL(f"http://localhost/set-up{query}"))
    state._get_root_state().rx_router_url = url  # type: ignore[attr-defined]
    await do(state, "load")
    assert state.problem.startswith(shown)
    assert bool(state.problem) == bool(query)
    assert state.problem_field == field


async def test_the_set_up_page_is_closed_once_there_is_somebody(portal: Portal) -> None:
    assert len(await do(state_for(SetUpState, portal, None), "load")) == 1
