"""Events made by hand: other arguments than a handler takes are refused, and faults of ours stay faults."""

from typing import Any

import pytest
import reflex as rx

from keyportal.domain.principals import Principal
from keyportal.services.portal import Portal
from keyportal.ui.agent_keys.state import AgentKeysState
from keyportal.ui.credentials.state import OwnCredentialsState
from keyportal.ui.shared.guards import public
from tests.ui.support import HeldByTurns, state_for

WRONG: list[tuple[tuple[Any, ...], dict[str, Any]]] = [((1, 2, 3, 4), {}), ((), {"junk": "x"})]


async def send(state: rx.State, handler: str, *args: Any, **kwargs: Any) -> None:
    found = getattr(type(state), handler)
    held = HeldByTurns(state) if found.is_background else state
    result = found.fn(held, *args, **kwargs)
    if hasattr(result, "__aiter__"):
        assert [event async for event in result] == []
    else:
        assert await result is None


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("handler", ["load", "dismiss_notice"])
async def test_other_arguments_are_refused_quietly(
    portal: Portal, alice: Principal, handler: str, wrong: tuple[tuple[Any, ...], dict[str, Any]]
) -> None:
    state = state_for(AgentKeysState, portal, alice)
    await send(state, handler, *wrong[0], **wrong[1])
    assert (state.notice, state.notice_is_problem) == (
        "This page sent something it should not have. Reload it.",
        True,
    )


async def test_missing_arguments_are_refused_in_the_background_too(portal: Portal, alice: Principal) -> None:
    state = state_for(OwnCredentialsState, portal, alice)
    await send(state, "test_all", "junk")
    assert state.notice_is_problem


async def test_a_fault_inside_a_handler_stays_one() -> None:
    @public
    async def handler(_state: Any) -> None:
        raise TypeError("ours")

    with pytest.raises(TypeError, match="ours"):
        await handler(object())
