"""The outermost wrapper: every answer is private, every error has the one shape, no traceback leaves."""

import logging
import traceback
from collections.abc import Callable
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keyportal.api.errors import answer_for
from keyportal.api.schemas import KNOWN_FIELDS
from keyportal.api.visits import Visit, begin_visit
from keyportal.domain.errors import Forbidden, InvalidInput, KeyPortalError, OriginRefused
from keyportal.services import audit
from keyportal.services.portal import Portal

# A browser's own form goes back to the page it came from instead of showing JSON.
_FORM_PAGES = {
    "/api/auth/sign-in": "/sign-in",
    "/api/auth/set-up": "/set-up",
    "/api/auth/join": "/join",
    "/api/auth/reset": "/reset",
    "/api/auth/password": "/account",
}
_FORM_FIELDS = ("code", "email", "name", "password", "current_password")
_PRIVATE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}

_log = logging.getLogger(__name__)


class Answers:
    def __init__(self, app: ASGIApp, get_portal: Callable[[], Portal]) -> None:
        self._app = app
        self._get_portal = get_portal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit, started = begin_visit(scope), False

        async def send_private(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message).update(_PRIVATE)
            await send(message)

        try:
            await self._app(scope, receive, send_private)
        except Exception as error:  # noqa: BLE001  # the last place that can keep a traceback inside
            answer = await self._answer(visit, Headers(scope=scope), error)
            if not started:
                await answer(scope, receive, send_private)

    async def _answer(self, visit: Visit, headers: Headers, error: Exception) -> Response:
        if not isinstance(error, KeyPortalError):
            _log_without_values(visit, error)
        if isinstance(error, Forbidden | OriginRefused) and visit.principal is not None:
            await run_in_threadpool(self._record, visit, error)
        answer = answer_for(error, self._provider_fields(error))
        page = _FORM_PAGES.get(visit.path) if visit.method == "POST" else None
        if page is not None and prefers_html(headers.get("accept", "")):
            code = error.code if isinstance(error, KeyPortalError) else "internal"
            field = error.field if isinstance(error, InvalidInput) and error.field in _FORM_FIELDS else ""
            told = {"problem": code, "field": field, "next": visit.next_page}
            return RedirectResponse(f"{page}?{urlencode({k: v for k, v in told.items() if v})}", 303)
        return answer

    def _record(self, visit: Visit, error: KeyPortalError) -> None:
        try:
            if visit.principal is not None:
                audit.record_refusal(self._get_portal(), visit.principal, visit.label, error.code)
        except Exception as failure:  # noqa: BLE001  # the refusal itself stands, recorded or not
            _log_without_values(visit, failure)

    def _provider_fields(self, error: Exception) -> frozenset[str]:
        """Return the catalogue's own field names, which may be named in an error about them."""
        if not isinstance(error, InvalidInput) or error.field in (None, *KNOWN_FIELDS):
            return frozenset()
        return frozenset(f.name for p in self._get_portal().providers.all() for f in p.fields)


def prefers_html(accept: str) -> bool:
    """Tell whether an Accept header asks for HTML rather than JSON, as a browser's form does."""
    html, other = _quality(accept, "text/html"), _quality(accept, "application/json")
    return html is not None and html > 0 and html >= (other or 0)


def _quality(accept: str, wanted: str) -> float | None:
    for part in accept.lower().split(","):
        kind, *parameters = (p.strip() for p in part.split(";"))
        if kind == wanted:
            weights = [p.removeprefix("q=") for p in parameters if p.startswith("q=")]
            try:
                return float(weights[0]) if weights else 1.0
            except ValueError:
                return 0.0
    return None


def _log_without_values(visit: Visit, error: Exception) -> None:
    """Log where it happened, not what it said: an exception's text may hold the input."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " > ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-6:])
    _log.error("%s failed with %s at %s", visit.label, type(error).__name__, places)
