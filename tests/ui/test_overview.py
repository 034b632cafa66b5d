"""The overview without a browser: the checklist, what needs attention and where it leads, the count."""

from datetime import timedelta

import pytest

from keyportal.domain.principals import Principal
from keyportal.services import agent_keys
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.ui.overview.state import OverviewState, StartSteps
from keyportal.ui.shared.session import SessionState
from tests.services.support import SYSTEM, save, spoil
from tests.support import START
from tests.ui.support import do, state_for, visit


async def loaded(portal: Portal, who: Principal) -> OverviewState:
    state = state_for(OverviewState, portal, who)
    await do(state, "load")
    return state


async def test_the_checklist_counts_what_is_done(portal: Portal, alice: Principal) -> None:
    state = await loaded(portal, alice)
    assert (state.start, state.is_started) == (StartSteps(), False)
    spoil(portal, save(portal, alice).id, health_outcome="valid")
    state = await loaded(portal, alice)
    assert (state.start.has_key, state.start.has_checked_key, state.start.done) == (True, True, 2)


async def test_each_thing_leads_to_where_it_is_put_right(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    mine = save(portal, root)
    shared = save(portal, root, "shared", ownership=SYSTEM)
    for key in (mine, shared):
        spoil(portal, key.id, health_outcome="invalid", health_message="Refused.")
    agent_keys.create(portal, root, NewAgentKey("ci & co", lifetime=timedelta(days=3)))
    state = await loaded(portal, root)
    assert [(row.act, row.href) for row in state.attention] == [
        ("Fix", f"/api-keys?open={mine.id}"),
        ("Fix", f"/admin/system-keys?open={shared.id}"),
        ("Rotate", "/agent-keys?q=ci+%26+co"),
    ]
    assert (await loaded(portal, alice)).attention == []


async def test_the_rail_counts_what_needs_attention_when_a_page_opens(
    portal: Portal, alice: Principal
) -> None:
    mine = save(portal, alice)
    state = state_for(SessionState, portal, alice)
    for path, count in (("/", 0), ("/api-keys", 1)):
        visit(state, path)
        await do(state, "show_person")
        assert state.attention_count == count
        spoil(portal, mine.id, expires_at=START)


@pytest.mark.parametrize(("address", "told"), [("/api-keys?sort=name", "Saved."), ("/agent-keys", "")])
async def test_what_was_told_stays_while_the_page_does(
    portal: Portal, alice: Principal, address: str, told: str
) -> None:
    state = state_for(SessionState, portal, alice)
    visit(state, "/api-keys")
    await do(state, "show_person")
    state._tell("Saved.")
    visit(state, address)
    await do(state, "show_person")
    assert state.notice == told
