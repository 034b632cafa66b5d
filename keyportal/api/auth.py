"""Who is asking. Every address is closed but a short list, before a body is read or a route runs."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from keyportal.api.errors import unknown_address
from keyportal.api.visits import Visit, visit_of
from keyportal.domain.errors import AgentKeyRefused, Forbidden, NotSignedIn, OriginRefused
from keyportal.domain.principals import SCOPE_PERMISSIONS, Permission, Principal, PrincipalKind
from keyportal.services import access, sessions
from keyportal.services.portal import Portal
from keyportal.settings import Settings

PUBLIC = frozenset(
    {
        "/api/health",
        "/api/ready",
        "/api/openapi.json",
        "/api/docs",
        "/api/docs/init.js",
        "/api/docs/swagger-ui.css",
        "/api/docs/swagger-ui-bundle.js",
        "/api/auth/sign-in",
        "/api/auth/sign-out",
        "/api/auth/set-up",
        "/api/auth/join",
        "/api/auth/reset",
    }
)
# What it takes to come in at all, first match first; one with a method is of that method alone. Services
# ask again, for the very act.
ENTRY = (
    ("/api/admin/providers", Permission.PROVIDERS_WRITE),
    ("/api/admin/users", Permission.USERS_READ),
    ("/api/admin/audit", Permission.AUDIT_READ),
    ("/api/admin/policies", Permission.POLICIES_READ),
    ("/api/admin/encryption-key", Permission.ENCRYPTION_KEY_READ),
    ("/api/account", Permission.PROFILE_READ),
    ("/api/auth/password", Permission.PROFILE_WRITE),
    ("/api/admin/", Permission.SYSTEM_CREDENTIALS_READ),
    ("/api/agent-keys", Permission.AGENT_KEYS_READ),
    ("/api/api-keys", Permission.CREDENTIALS_READ),
    ("/api/resolve", Permission.SECRETS_RELEASE),
    ("POST /api/usage", Permission.SECRETS_RELEASE),
    ("/api/usage", Permission.USAGE_READ),
    ("/api/providers", Permission.PROVIDERS_READ),
)
_SAFE = ("GET", "HEAD", "OPTIONS")


class Gate:
    """Lets nobody past whom no public list or credential lets past."""

    def __init__(self, app: ASGIApp, get_portal: Callable[[], Portal]) -> None:
        self._app = app
        self._get_portal = get_portal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            visit = visit_of(scope)
            if visit.route is None:
                raise unknown_address()
            if visit.route.path not in PUBLIC:
                await _admit_in_thread(self._get_portal(), HTTPConnection(scope), visit)
                visit.admit_again = partial(
                    _admit_in_thread, self._get_portal(), HTTPConnection(scope), visit
                )
        await self._app(scope, receive, send)


def authenticate(portal: Portal, request: HTTPConnection) -> Principal:
    """Return who sent the credentials. A bearer value wins; a wrong one never falls back to the cookie.

    Raises NotSignedIn, AgentKeyRefused, AgentKeyExpired, AgentKeyRevoked.
    """
    bearer = _bearer_of(request)
    if bearer is not None:
        return access.require_agent(portal, bearer, address_of(request))
    principal = find_signed_in(portal, request)
    if principal is None:
        raise NotSignedIn
    return principal


def find_signed_in(portal: Portal, request: HTTPConnection) -> Principal | None:
    """Return whom the session cookie stands for, or None."""
    token = sessions.token_in(portal.settings, request.headers.getlist("cookie"))
    if not token:
        return None
    return sessions.find_principal(portal, sessions.digest_of(token), address_of(request))


def require_own_origin(request: HTTPConnection, settings: Settings, *, absent_is_fine: bool = False) -> None:
    """Refuse a request another site's page made the browser send. Raises OriginRefused."""
    origins = request.headers.getlist("origin")
    if not (origins == [settings.public_url] or (absent_is_fine and not origins)):
        raise OriginRefused


def address_of(request: HTTPConnection) -> str:
    return request.client.host if request.client else ""


def user_agent_of(request: HTTPConnection) -> str:
    """Return what the browser calls itself, which may be anything."""
    return request.headers.get("user-agent", "")


async def _admit_in_thread(portal: Portal, request: HTTPConnection, visit: Visit) -> None:
    await run_in_threadpool(_admit, portal, request, visit)


def _admit(portal: Portal, request: HTTPConnection, visit: Visit) -> None:
    principal = visit.principal = authenticate(portal, request)
    if principal.kind is PrincipalKind.USER:
        _require_own_site(request, portal.settings, visit.method)
    wanted = _entry_to(visit.method, visit.route.path if visit.route else "")
    if principal.kind is PrincipalKind.AGENT and not principal.can(wanted):
        raise Forbidden(_lacking_scope(wanted))
    principal.require(wanted)


def _lacking_scope(wanted: Permission) -> str:
    """Say which scope would do. An agent key's scopes never change, so no admin can help."""
    scopes = [scope for scope, held in SCOPE_PERMISSIONS.items() if wanted in held]
    if not scopes:
        return "Agent keys cannot do this. Sign in as a person."
    return f"This agent key lacks the scope {' or '.join(scopes)}. Create an agent key that has it."


def _require_own_site(request: HTTPConnection, settings: Settings, method: str) -> None:
    if method not in _SAFE:
        require_own_origin(request, settings)
    elif request.headers.get("sec-fetch-site") == "cross-site":
        raise OriginRefused


def _entry_to(method: str, path: str) -> Permission:
    for prefix, permission in ENTRY:
        if path.startswith(prefix) or f"{method} {path}".startswith(prefix):
            return permission
    raise Forbidden


def _bearer_of(request: HTTPConnection) -> str | None:
    """Return the bearer value; other schemes belong to a proxy in front and are none of ours."""
    pairs = [line.partition(" ") for line in request.headers.getlist("authorization")]
    values = [value.strip() for scheme, _, value in pairs if scheme.lower() == "bearer"]
    if len(values) > 1:
        raise AgentKeyRefused
    return values[0] if values else None


async def _open_portal(request: Request) -> Portal:
    return request.app.state.get_portal()


async def _principal(request: Request) -> Principal:
    principal = visit_of(request.scope).principal
    if principal is None:
        raise NotSignedIn
    return principal


OpenPortal = Annotated[Portal, Depends(_open_portal)]
Caller = Annotated[Principal, Depends(_principal)]
# For the OpenAPI document only: the gate has looked at the credentials before.
SECURITY = [
    Depends(HTTPBearer(scheme_name="agent_key", description="An agent key, kpa_…", auto_error=False)),
    Depends(
        APIKeyCookie(
            name="kp_session",
            scheme_name="session",
            description="A signed-in browser's cookie, __Host-kp_session behind https.",
            auto_error=False,
        )
    ),
]
