"""Rotating a key in its dialog: three steps, left and gone on with, and no value in any var."""

from typing import Any

import pytest

from keyportal.domain.principals import Principal
from keyportal.services.portal import Portal
from keyportal.ui.credentials.state import OwnCredentialsState
from tests.fakes.fake_provider import FakeProvider
from tests.services.support import save
from tests.ui.support import do, state_for

NEW = "sk-proj-ROTATEDcanary9876543210zyxw"


@pytest.fixture
def old_id(portal: Portal, alice: Principal) -> str:
    return save(portal, alice, "Production").id


@pytest.fixture
async def state(portal: Portal, alice: Principal, old_id: str) -> OwnCredentialsState:
    state = state_for(OwnCredentialsState, portal, alice)
    await do(state, "load")
    await do(state, "open_rotation", old_id)
    return state


def names(state: OwnCredentialsState) -> set[str]:
    return {row.name for row in state.rows}


async def test_a_key_is_rotated_in_three_steps(state: OwnCredentialsState) -> None:
    assert (state.rotation_step, state.rotation_name) == ("value", "Production")
    await do(state, "submit_rotation", {"api_key": NEW})
    assert (state.rotation_step, state.rotation_new_mask) == ("test", "****...zyxw")
    assert names(state) == {"Production", "Production (new)"}
    await do(state, "test_rotation")
    assert (state.rotation_check.outcome, state.rotation_is_testing) == ("valid", False)
    await do(state, "go_on_to_switch")
    assert state.rotation_step == "switch"
    await do(state, "finish_rotation", {"grace_days": "30"})
    assert names(state) == {"Production", "Production (retired 21 Nov 2026)"}
    assert state.rotation_id == ""
    assert state.notice == "Production has its new value. The old one stays usable for 30 days."
    assert NEW not in repr(state._get_root_state().dict())


async def test_a_refused_value_stays_in_the_first_step(state: OwnCredentialsState) -> None:
    for value in ("", "****...cdef", f"OPENAI_API_KEY={NEW}"):
        await do(state, "submit_rotation", {"api_key": value})
        assert (state.rotation_step, state.problem_field) == ("value", "api_key")
    assert names(state) == {"Production"}
    assert NEW not in repr(state._get_root_state().dict())


async def test_a_refused_test_is_told_and_one_may_go_on_all_the_same(
    state: OwnCredentialsState, openai: FakeProvider
) -> None:
    openai.answer(401, {"error": {"code": "invalid_api_key"}})
    await do(state, "submit_rotation", {"api_key": NEW})
    await do(state, "test_rotation")
    assert (state.rotation_check.outcome, state.rotation_step) == ("invalid", "test")
    await do(state, "go_on_to_switch")
    await do(state, "go_back_to_test")
    assert state.rotation_step == "test"


async def test_a_rotation_left_halfway_goes_on_in_another_tab(
    state: OwnCredentialsState, portal: Portal, alice: Principal, old_id: str
) -> None:
    await do(state, "submit_rotation", {"api_key": NEW})
    await do(state, "set_rotation_open", False)
    assert (state.rotation_id, "waits" in state.notice) == ("", True)
    assert {row.name: row.mark for row in state.rows} == {
        "Production": "waiting",
        "Production (new)": "waits",
    }
    other = state_for(OwnCredentialsState, portal, alice)
    await do(other, "open_rotation", old_id)
    assert (other.rotation_step, other.rotation_new_mask) == ("test", "****...zyxw")
    await do(other, "discard_rotation")
    assert names(other) == {"Production"}


async def test_the_second_of_two_tabs_is_told(
    state: OwnCredentialsState, portal: Portal, alice: Principal, old_id: str
) -> None:
    other = state_for(OwnCredentialsState, portal, alice)
    await do(state, "submit_rotation", {"api_key": NEW})
    await do(other, "open_rotation", old_id)
    for tab in (state, other):
        await do(tab, "go_on_to_switch")
    await do(other, "finish_rotation", {"grace_days": "0"})
    await do(state, "finish_rotation", {"grace_days": "0"})
    assert "No new value" in state.form_problem
    assert other.notice == "Production has its new value. The old one has expired."


@pytest.mark.parametrize(
    "form", [None, {}, {"grace_days": "2"}, {"grace_days": "x"}, {"grace_days": "9" * 9}]
)
async def test_another_grace_is_refused(state: OwnCredentialsState, form: Any) -> None:
    await do(state, "submit_rotation", {"api_key": NEW})
    await do(state, "finish_rotation", form)
    assert state.form_problem
    assert names(state) == {"Production", "Production (new)"}


async def test_without_a_new_value_there_is_no_way_on(state: OwnCredentialsState) -> None:
    await do(state, "go_on_to_switch")
    await do(state, "test_rotation")
    assert state.rotation_step == "value"
    await do(state, "close_rotation")
    assert (state.rotation_id, state.notice) == ("", "")


async def test_bob_rotates_nothing_of_alices(
    state: OwnCredentialsState, portal: Portal, bob: Principal, old_id: str
) -> None:
    await do(state, "submit_rotation", {"api_key": NEW})
    his = state_for(OwnCredentialsState, portal, bob)
    await do(his, "open_rotation", old_id)
    assert (his.rotation_id, "nothing here" in his.notice) == ("", True)
    his.rotation_id = old_id
    await do(his, "submit_rotation", {"api_key": NEW})
    assert "nothing here" in his.form_problem
    await do(his, "finish_rotation", {"grace_days": "0"})
    his.rotation_id = old_id
    await do(his, "discard_rotation")
    await do(state, "try_again")
    assert names(state) == {"Production", "Production (new)"}
