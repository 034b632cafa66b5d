"""States without a browser: the real guard's principal, the real services, no websocket."""

from typing import Any, TypeVar

import reflex as rx

from keyportal.domain.principals import Principal
from keyportal.services.portal import Portal
from keyportal.ui.shared.portal import use_portal

S = TypeVar("S", bound=rx.State)


def state_for(cls: type[S], portal: Portal, principal: Principal | None) -> S:
    """Return a state as the guard leaves it for this principal's event."""
    use_portal(portal)
    root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
    object.__setattr__(root, "_kp_principal", principal)
    found = root.get_substate(cls._get_substate_path())  # type: ignore[attr-defined]
    assert isinstance(found, cls)
    return found


async def do(state: rx.State, handler: str, *arguments: Any) -> list[Any]:
    """Run a handler to its end and return the events it sent to the browser."""
    result = getattr(type(state), handler).fn(state, *arguments)
    if hasattr(result, "__aiter__"):
        return [event async for event in result if event is not None]
    returned = await result
    return [] if returned is None else list(returned) if isinstance(returned, list) else [returned]
