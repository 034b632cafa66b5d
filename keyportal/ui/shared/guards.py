"""The guard in front of every event: deny by default, and no tab keeps what another person saw.

Handlers say what they require with `@guarded`; the short list of handlers open to strangers carries
`@public`. A handler with neither is refused.
"""

import asyncio
import functools
import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

import reflex as rx
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event
from reflex_base.registry import RegistrationContext

from keyportal.domain.addresses import own_page
from keyportal.domain.errors import (
    Forbidden,
    InvalidInput,
    KeyPortalError,
    NotSignedIn,
    StorageUnavailable,
)
from keyportal.domain.principals import Permission, Principal
from keyportal.services import audit, sessions
from keyportal.ui import routes
from keyportal.ui.shared.portal import current_portal
from keyportal.ui.web.gate import SESSION_HEADER

Handler = TypeVar("Handler", bound=Callable[..., Any])

_REQUIRES = "__kp_requires__"
_PUBLIC = "__kp_public__"
# Events the framework itself sends to load a page; none of them reads or writes anything of ours.
_FRAMEWORK_EVENTS = frozenset(
    {
        "hydrate",
        "hydrate_and_load",
        "on_load_internal",
        "set_is_hydrated",
        "update_vars_internal",
    }
)
# The one that runs what a page loads.
_LOADS_PAGE = "on_load_internal"
_TRY_AGAIN_S, _MOST_TRIES = 2.0, 300
# Sent by the framework's script when a page fails; it would write the sender's text into the log.
_IGNORED_EVENTS = frozenset({"handle_frontend_exception"})


def guarded(permission: Permission) -> Callable[[Handler], Handler]:
    """Mark a handler with the permission it requires, and show its refusals instead of raising them.

    Goes under `@rx.event`. The middleware enforces the mark; the services check again.
    """

    def mark(handler: Handler) -> Handler:
        shown = showing_refusals(handler)
        setattr(shown, _REQUIRES, permission)
        return shown

    return mark


def public(handler: Handler) -> Handler:
    """Mark a handler that anybody may call: it must tell a stranger nothing and change nothing."""
    shown = showing_refusals(handler)
    setattr(shown, _PUBLIC, True)
    return shown


def showing_refusals(handler: Handler) -> Handler:
    """Return the handler with refusals shown on the screen, as the same kind of coroutine."""
    signature = inspect.signature(handler)
    if inspect.isasyncgenfunction(handler):

        @functools.wraps(handler)
        async def generating(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                _require_fitting(signature, self, *args, **kwargs)
                async for event in handler(self, *args, **kwargs):
                    yield event
            except KeyPortalError as refusal:
                await _show(self, refusal)

        return cast(Handler, generating)

    @functools.wraps(handler)
    async def handling(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            _require_fitting(signature, self, *args, **kwargs)
            return await handler(self, *args, **kwargs)
        except KeyPortalError as refusal:
            await _show(self, refusal)
            return None

    return cast(Handler, handling)


async def _show(state: Any, refusal: KeyPortalError) -> None:
    # Of a state in the background there is only a proxy, changed while it is held.
    if issubclass(type(state), BaseState):
        state._show_refusal(refusal)
        return
    async with state:
        state._show_refusal(refusal)


def _require_fitting(signature: inspect.Signature, *args: Any, **kwargs: Any) -> None:
    """Refuse an event made by hand with other arguments than its handler takes.

    Looked at before the call: a TypeError inside the handler is a fault of ours and stays one.
    """
    try:
        signature.bind(*args, **kwargs)
    except TypeError:
        raise InvalidInput("This page sent something it should not have. Reload it.") from None


class Guard(rx.Middleware):
    """Runs before every event of every state, from any page or none."""

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        root = state._get_root_state()
        try:
            principal = await _principal_of(root)
        except StorageUnavailable as fault:
            return await _during_outage(root, event, fault)
        object.__setattr__(root, "_kp_outage", None)
        _bind(root, principal)
        if event.name.rpartition(".")[2] in _IGNORED_EVENTS:
            return StateUpdate()
        refusal = refusal_of(event.name, principal)
        if refusal is None:
            return None
        if isinstance(refusal, Forbidden) and principal is not None:
            await _record_once_a_page(root, principal, event.name, refusal)
        destination = sent_to(root.router.url.path, root.router.url.query, is_signed_in=principal is not None)
        return StateUpdate(events=Event.from_event_type(rx.redirect(destination)))


async def _during_outage(root: BaseState, event: Event, fault: StorageUnavailable) -> StateUpdate | None:
    """Let an event of the session that was here before run into the outage itself, which its handler shows
    in its own place. To everybody else only the outage is told.

    A page that is loading tries again until the database is back: it has nothing to show yet.
    """
    kind, before = event.name.rpartition(".")[2], getattr(root, "_kp_outage", None)
    tries = before[1] + 1 if before and kind == _LOADS_PAGE else 0
    object.__setattr__(root, "_kp_outage", (fault, tries))
    bound = getattr(root, "_kp_identity", None)
    if bound is not None and bound[2] != _digest_of(root):
        _bind(root, None)
    if kind in _IGNORED_EVENTS:
        return StateUpdate()
    if kind == _LOADS_PAGE and tries < _MOST_TRIES:
        await asyncio.sleep(_TRY_AGAIN_S if tries > 1 else 0)
        return StateUpdate(events=[*_told(fault), Event(name=event.name, payload=event.payload)])
    if refusal_of(event.name, getattr(root, "_kp_principal", None)) is None:
        return None
    return StateUpdate(events=_told(fault))


def _told(fault: StorageUnavailable) -> list[Event]:
    # Only here: the state is made with this module.
    from keyportal.ui.shared.session import SessionState

    return Event.from_event_type(SessionState.show_outage(fault.code))


async def _record_once_a_page(
    root: BaseState, principal: Principal, event_name: str, refusal: Forbidden
) -> None:
    """Record what somebody may not do. A page loads by several events; one refusal of it is enough."""
    page = root.router.url.path
    is_admin_page = page.rstrip("/") in routes.ADMIN_PAGES
    if is_admin_page and getattr(root, "_kp_refused", None) == page:
        return
    object.__setattr__(root, "_kp_refused", page)
    what = f"page {page}" if is_admin_page else event_name
    # The refusal stands, recorded or not.
    with suppress(StorageUnavailable):
        await asyncio.to_thread(audit.record_refusal, current_portal(), principal, what[-200:], refusal.code)


def sent_to(path: str, query: str, *, is_signed_in: bool) -> str:
    """Return where somebody goes who may not do what their page asks for: to sign-in, and back again; or
    to the overview, which tells members why.

    The address is the browser's word: only pages of ours are taken over from it.
    """
    path = path.rstrip("/") or routes.OVERVIEW
    if is_signed_in:
        return f"{routes.OVERVIEW}?refused={path}" if path in routes.ADMIN_PAGES else routes.OVERVIEW
    wanted = own_page(f"{path}?{query}" if query else path, routes.pages())
    return routes.SIGN_IN if wanted == routes.OVERVIEW else f"{routes.SIGN_IN}?{urlencode({'next': wanted})}"


def refusal_of(event_name: str, principal: Principal | None) -> KeyPortalError | None:
    """Return why a principal may not send an event, or None if they may."""
    registered = RegistrationContext.get().event_handlers.get(event_name)
    if registered is None:
        return Forbidden()
    handler = registered.handler.fn
    if getattr(handler, "__module__", "").startswith("reflex"):
        known = event_name.rpartition(".")[2] in _FRAMEWORK_EVENTS
        return None if known else Forbidden()
    if getattr(handler, _PUBLIC, False):
        return None
    if principal is None:
        return NotSignedIn()
    required = {getattr(handler, _REQUIRES, None)}
    required |= {p for s in registered.states if (p := getattr(s, "required_permission", None))}
    return None if all(p is not None and principal.can(p) for p in required) else Forbidden()


def is_marked(handler: Callable[..., Any]) -> bool:
    """Tell whether a handler says who may call it. A test walks them all."""
    return getattr(handler, _PUBLIC, False) or getattr(handler, _REQUIRES, None) is not None


def is_public(handler: Callable[..., Any]) -> bool:
    return bool(getattr(handler, _PUBLIC, False))


def principal_bound_to(state: BaseState) -> Principal | None:
    """Return who the guard found behind this tab's websocket for the event at hand.

    Raises StorageUnavailable where it could not look: whoever was there may be signed out by now.
    """
    root = state._get_root_state()
    if outage := getattr(root, "_kp_outage", None):
        raise type(outage[0])(outage[0].message)
    return getattr(root, "_kp_principal", None)


async def _principal_of(root: BaseState) -> Principal | None:
    digest = _digest_of(root)
    if not digest:
        return None
    address = root.router.headers.raw_headers.get("asgi-scope-client", "")
    return await asyncio.to_thread(sessions.find_principal, current_portal(), digest, address)


def _digest_of(root: BaseState) -> str:
    return root.router.headers.raw_headers.get(SESSION_HEADER, "")


def _bind(root: BaseState, principal: Principal | None) -> None:
    """Remember who the tab belongs to; when that changes, forget all it held, before anything is sent."""
    identity = (principal.user_id, principal.role, principal.session_digest) if principal else None
    if getattr(root, "_kp_identity", None) != identity:
        if getattr(root, "_kp_identity", None) is not None:
            root.reset()
        # The framework refuses attributes that are not vars; a var would be sent to the browser.
        object.__setattr__(root, "_kp_identity", identity)
    object.__setattr__(root, "_kp_principal", principal)
