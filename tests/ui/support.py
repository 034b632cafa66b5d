"""States without a browser: the real guard's principal, the real services, no websocket."""

import asyncio
from types import TracebackType
from typing import Any, TypeVar

import reflex as rx
import wrapt
from reflex.istate.data import ReflexURL, URLData

from keyportal.domain.principals import Principal
from keyportal.services.portal import Portal
from keyportal.ui.shared.portal import use_portal

S = TypeVar("S", bound=rx.State)


class HeldByTurns(wrapt.ObjectProxy):
    """A state as a background handler is given it: changed only inside `async with`."""

    _self_is_held = False
    _self_turn: asyncio.Lock

    def __init__(self, state: rx.State) -> None:
        super().__init__(state)
        if not hasattr(state, "_turn"):
            object.__setattr__(state, "_turn", asyncio.Lock())
        self._self_turn = state._turn  # type: ignore[attr-defined]

    async def __aenter__(self) -> "HeldByTurns":
        await self._self_turn.acquire()
        self._self_is_held = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._self_is_held = False
        self._self_turn.release()

    def __getattr__(self, name: str) -> Any:
        # Methods run on the proxy, so that what they set is looked at too.
        found = getattr(self.__wrapped__, name)
        function = getattr(found, "__func__", None)
        return function.__get__(self) if function and found.__self__ is self.__wrapped__ else found

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith(("_self_", "__")) and not self._self_is_held:
            raise AssertionError(f"{name} is set without holding the state")
        super().__setattr__(name, value)


def state_for(cls: type[S], portal: Portal, principal: Principal | None) -> S:
    """Return a state as the guard leaves it for this principal's event."""
    use_portal(portal)
    root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
    object.__setattr__(root, "_kp_principal", principal)
    found = root.get_substate(cls._get_substate_path())  # type: ignore[attr-defined]
    assert isinstance(found, cls)
    return found


def visit(state: rx.State, address: str) -> None:
    """Let the tab be at this address, such as `/api-keys?q=prod`."""
    state._get_root_state().rx_router_url = URLData.from_url(ReflexURL(f"http://localhost{address}"))


async def do(state: rx.State, handler: str, *arguments: Any) -> list[Any]:
    """Run a handler to its end and return the events it sent to the browser."""
    found = getattr(type(state), handler)
    held_by_turns = HeldByTurns(state) if found.is_background else state
    result = found.fn(held_by_turns, *arguments)
    if hasattr(result, "__aiter__"):
        return [event async for event in result if event is not None]
    returned = await result
    return [] if returned is None else list(returned) if isinstance(returned, list) else [returned]
