"""Composition root of the data plane: the REST API alone, without pages and without what draws them.

Imported by its server, by no other module.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from keyportal.api.app import create_api
from keyportal.api.quick_resolve import QuickResolve
from keyportal.services.portal import Portal
from keyportal.services.processes import serving
from keyportal.services.quiet_logs import keep_logs_quiet
from keyportal.services.release_desk import SWITCH_S, ReleaseDesk, open_desk
from keyportal.services.start_up import open_portal
from keyportal.settings import load_settings

_portals: list[Portal] = []
_desks: list[ReleaseDesk] = []


def server() -> ASGIApp:
    """Return the application for one worker of the web server."""
    keep_logs_quiet()
    sys.setswitchinterval(SWITCH_S)
    return QuickResolve(
        create_api(lambda: _portals[0], lifespan=_lifespan, uses_redis=False), lambda: _desks[0]
    )


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
    portal = await asyncio.to_thread(open_portal, load_settings())
    try:
        async with serving(portal, "api"), open_desk(portal) as desk:
            _portals[:], _desks[:] = [portal], [desk]
            yield
    finally:
        portal.close()
