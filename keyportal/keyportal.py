"""Composition root: builds the app from its pages, the REST API and the layers around them.

Imported by the server and by the page builder, by no other module.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import reflex as rx
from starlette.types import ASGIApp

from keyportal.api.app import create_api
from keyportal.api.quick_resolve import QuickResolve
from keyportal.cli.announce import announce_set_up
from keyportal.services import retention, sessions
from keyportal.services.processes import serving
from keyportal.services.quiet_logs import keep_logs_quiet
from keyportal.services.release_desk import SWITCH_S, ReleaseDesk, open_desk
from keyportal.services.start_up import open_portal
from keyportal.settings import ROOT, load_settings
from keyportal.ui import routes
from keyportal.ui.account.page import account_page
from keyportal.ui.account.state import AccountState
from keyportal.ui.admin_audit.page import audit_page
from keyportal.ui.admin_audit.state import AuditState
from keyportal.ui.admin_encryption.page import encryption_page
from keyportal.ui.admin_encryption.state import EncryptionState
from keyportal.ui.admin_policies.page import policies_page
from keyportal.ui.admin_policies.state import PoliciesState
from keyportal.ui.admin_providers.page import providers_page
from keyportal.ui.admin_providers.state import ProvidersState
from keyportal.ui.admin_system_keys.page import system_keys_page
from keyportal.ui.admin_system_keys.state import SystemCredentialsState
from keyportal.ui.admin_users.page import users_page
from keyportal.ui.admin_users.state import UsersState
from keyportal.ui.agent_keys.page import agent_keys_page
from keyportal.ui.agent_keys.state import AgentKeysState
from keyportal.ui.credentials.page import credentials_page
from keyportal.ui.credentials.state import OwnCredentialsState
from keyportal.ui.one_time_link.page import join_page, reset_page
from keyportal.ui.one_time_link.state import OneTimeLinkState
from keyportal.ui.overview.page import overview_page
from keyportal.ui.overview.state import OverviewState
from keyportal.ui.set_up.page import set_up_page
from keyportal.ui.set_up.state import SetUpState
from keyportal.ui.shared.connection import APP_WRAPS
from keyportal.ui.shared.guards import Guard
from keyportal.ui.shared.not_found import not_found_page
from keyportal.ui.shared.portal import current_portal, use_portal
from keyportal.ui.shared.session import SessionState
from keyportal.ui.sign_in.page import sign_in_page
from keyportal.ui.sign_in.state import SignInState
from keyportal.ui.usage.page import usage_page
from keyportal.ui.usage.state import UsageState
from keyportal.ui.web.address import OneAddress
from keyportal.ui.web.api_dispatch import ApiDispatch
from keyportal.ui.web.gate import WebsocketGate
from keyportal.ui.web.headers import SecurityHeaders

# Ended sessions lose their open websockets within this many seconds.
_SWEEP_EVERY_S = 2.0
_FIRST_PRUNE_S, _PRUNE_EVERY_S = 60.0, 3600.0
_PAGES = ROOT / ".web" / "build" / "client"
_log = logging.getLogger(__name__)
_settings = load_settings()
_gates: list[WebsocketGate] = []
_desks: list[ReleaseDesk] = []


def _gate(app: ASGIApp) -> WebsocketGate:
    gate = WebsocketGate(app, settings=_settings)
    _gates.append(gate)
    return gate


def _pages_at_one_address(app: ASGIApp) -> OneAddress:
    return OneAddress(app, pages=_PAGES, public_url=_settings.public_url)


def _with_api(app: ASGIApp) -> ApiDispatch:
    return ApiDispatch(app, api=create_api(current_portal, routes.pages()))


def _with_headers(app: ASGIApp) -> SecurityHeaders:
    return SecurityHeaders(app, pages=_PAGES, public_url=_settings.public_url)


@asynccontextmanager
async def portal_for_the_server() -> AsyncIterator[None]:
    """Open the portal before the first request and close it after the last."""
    keep_logs_quiet()
    portal = await asyncio.to_thread(open_portal, _settings)
    use_portal(portal)
    await asyncio.to_thread(announce_set_up, portal)
    going_on = [asyncio.create_task(work()) for work in (_hang_up_on_ended_sessions, _forget_what_is_old)]
    try:
        async with serving(portal, "portal"), open_desk(portal) as desk:
            _desks[:] = [desk]
            yield
    finally:
        for task in going_on:
            task.cancel()
        use_portal(None)
        portal.close()


async def _hang_up_on_ended_sessions() -> None:
    while True:
        await asyncio.sleep(_SWEEP_EVERY_S)
        for gate in _gates:
            open_digests = gate.open_sessions - {""}
            if not open_digests:
                continue
            try:
                live = await asyncio.to_thread(sessions.live_sessions, current_portal(), open_digests)
            except Exception:  # noqa: BLE001  a database that is away for a moment must not end the sweep
                _log.warning("could not look up open sessions; trying again")
                continue
            gate.close_sessions(open_digests - live)


async def _forget_what_is_old() -> None:
    """Soon after the start and once an hour, in each process: a lock in the database lets one at a time."""
    wait = _FIRST_PRUNE_S
    while True:
        await asyncio.sleep(wait)
        wait = _PRUNE_EVERY_S
        try:
            await asyncio.to_thread(retention.prune, current_portal())
        except Exception as failure:  # noqa: BLE001  what was not forgotten now is in an hour
            _log.warning("could not forget what is old: %s", type(failure).__name__)


def report_unexpected(exception: Exception) -> rx.event.EventSpec | None:
    """Log where an error of ours happened, and tell the person without its words."""
    _log.error("an event handler failed", exc_info=exception)
    return cast(rx.event.EventSpec, SessionState.show_unexpected())


app = rx.App(
    api_transformer=[_gate, _pages_at_one_address, _with_api, _with_headers],
    backend_exception_handler=report_unexpected,
    app_wraps=APP_WRAPS,
    stylesheets=["/keyportal.css"],
    head_components=[
        rx.el.link(rel="icon", href="/logo.svg", type="image/svg+xml"),
        rx.el.script(src="/return-focus.js", defer=True),
        rx.el.script(src="/keep-typed.js", defer=True),
        rx.el.script(src="/one-time-link.js", defer=True),
        rx.el.script(src="/copy.js", defer=True),
        rx.el.script(src="/values-of.js", defer=True),
        rx.el.script(src="/imports.js", defer=True),
        rx.el.script(src="/drag-order.js", defer=True),
        # The picker first: of the two, its list closes before its dialog asks.
        rx.el.script(src="/picker.js", defer=True),
        rx.el.script(src="/unsaved.js", defer=True),
        rx.el.script(src="/shortcuts.js", defer=True),
    ],
    html_lang="en",
)
app.add_middleware(Guard())
app.register_lifespan_task(portal_for_the_server)

_person = SessionState.show_person
_own_keys = [_person, OwnCredentialsState.load_providers, OwnCredentialsState.load]
_system_keys = [_person, SystemCredentialsState.load_providers, SystemCredentialsState.load]


def _add_page(build: Callable[[], rx.Component], route: str, title: str, on_load: list[Any]) -> None:
    app.add_page(build, route=route, title=f"{title} · KeyPortal", image="/logo.svg", on_load=on_load)


_add_page(overview_page, routes.OVERVIEW, "Overview", [_person, OverviewState.load])
_add_page(credentials_page, routes.API_KEYS, "API keys", _own_keys)
_add_page(agent_keys_page, routes.AGENT_KEYS, "Agent keys", [_person, AgentKeysState.load])
_add_page(usage_page, routes.USAGE, "Usage", [_person, UsageState.load_choices, UsageState.load])
_add_page(system_keys_page, routes.SYSTEM_KEYS, "System keys", _system_keys)
_add_page(policies_page, routes.POLICIES, "Policies", [_person, PoliciesState.load])
_add_page(providers_page, routes.PROVIDERS, "Providers", [_person, ProvidersState.load])
_add_page(users_page, routes.USERS, "Users", [_person, UsersState.load])
_add_page(audit_page, routes.AUDIT, "Audit", [_person, AuditState.load_choices, AuditState.load])
_add_page(encryption_page, routes.ENCRYPTION, "Encryption key", [_person, EncryptionState.load])
_add_page(account_page, routes.ACCOUNT, "Account", [_person, AccountState.load_account, AccountState.load])
_add_page(join_page, routes.JOIN, "Join", [OneTimeLinkState.load])
_add_page(reset_page, routes.RESET, "New password", [OneTimeLinkState.load])
_add_page(sign_in_page, routes.SIGN_IN, "Sign in", [SignInState.load])
_add_page(set_up_page, routes.SET_UP, "Set up", [SetUpState.load])
_add_page(not_found_page, "404", "Not found", [])


def server() -> ASGIApp:
    """Return the application for the web server, with resolves in front of all that pages need."""
    sys.setswitchinterval(SWITCH_S)
    return QuickResolve(app(), lambda: _desks[0])
