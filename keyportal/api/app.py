"""The REST application. Serves only addresses below /api/ and opens nothing itself."""

from collections.abc import Callable, Container
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import Lifespan

import keyportal
from keyportal.api import (
    account,
    admin_providers,
    agent_keys,
    audit,
    docs,
    encryption_keys,
    health,
    one_time_links,
    peoples_keys,
    policies,
    providers,
    resolve,
    sign_in,
    usage,
    usage_reports,
    users,
)
from keyportal.api.answers import Answers
from keyportal.api.auth import Gate
from keyportal.api.bodies import Bodies
from keyportal.api.credential_rotation import rotation_router
from keyportal.api.credentials import credentials_router
from keyportal.api.errors import translate_http, translate_validation
from keyportal.api.exporting import export_router
from keyportal.api.importing import import_router
from keyportal.api.links import links_router
from keyportal.domain.addresses import HOME
from keyportal.domain.credentials import Ownership
from keyportal.services.portal import Portal
from keyportal.services.readiness import Lookout

_DESCRIPTION = (
    "Save and test the API keys of AI providers, and resolve which one to use. Programs send an agent"
    " key as `Authorization: Bearer kpa_…`; browsers send the session cookie. Every refusal has the"
    ' shape `{"error": {"code", "message"}}`.'
)


def create_api(
    get_portal: Callable[[], Portal],
    pages: Container[str] = frozenset({HOME}),
    lifespan: Lifespan[FastAPI] | None = None,
    *,
    uses_redis: bool = True,
) -> FastAPI:
    """Return the application. The portal is fetched per request: it is opened after this is built.

    `pages` are the addresses of the pages a form may go on to. `lifespan` opens the portal where nobody
    else does. Where no pages are served, nothing `uses_redis`, and it may be away.
    """
    api = _Api(
        title="KeyPortal",
        description=_DESCRIPTION,
        version=keyportal.__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        lifespan=lifespan,
        # Its error records hold the input as it came; no exporter may ever be given them.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        middleware=[
            Middleware(Answers, get_portal=get_portal),
            Middleware(Gate, get_portal=get_portal),
            Middleware(Bodies),
        ],
    )
    api.state.get_portal = get_portal
    api.state.pages = pages
    api.state.lookout = Lookout(uses_redis=uses_redis)
    api.add_exception_handler(RequestValidationError, translate_validation)
    api.add_exception_handler(HTTPException, translate_http)
    for router in (
        # Before the routes with an id, which would take their names for one.
        import_router("/api/api-keys/import", Ownership.USER, noun="API key"),
        import_router("/api/admin/api-keys/import", Ownership.SYSTEM, noun="System key"),
        export_router("/api/api-keys/export", Ownership.USER, noun="API key"),
        export_router("/api/admin/api-keys/export", Ownership.SYSTEM, noun="System key"),
        credentials_router("/api/api-keys", Ownership.USER, noun="API key"),
        credentials_router("/api/admin/api-keys", Ownership.SYSTEM, noun="System key"),
        rotation_router("/api/api-keys", Ownership.USER, noun="API key"),
        rotation_router("/api/admin/api-keys", Ownership.SYSTEM, noun="System key"),
        links_router("/api/api-keys", Ownership.USER, noun="API key"),
        links_router("/api/admin/api-keys", Ownership.SYSTEM, noun="System key"),
        agent_keys.router,
        resolve.router,
        usage.router,
        usage_reports.router,
        providers.router,
        admin_providers.router,
        policies.router,
        encryption_keys.router,
        users.router,
        peoples_keys.router,
        audit.router,
        account.router,
        sign_in.router,
        one_time_links.router,
        health.router,
        docs.router,
    ):
        # Flat, not nested: the gate and the tests read this one list.
        api.router.routes.extend(router.routes)
    return api


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """Return the document without the framework's own 422, whose shape no route answers with."""
        if self.openapi_schema is None:
            document = super().openapi()
            operations = [o for path in document["paths"].values() for o in path.values()]
            for operation in operations:
                if "HTTPValidationError" in str(operation["responses"].get("422", "")):
                    del operation["responses"]["422"]
            for name in ("HTTPValidationError", "ValidationError"):
                document["components"]["schemas"].pop(name, None)
        return super().openapi()
