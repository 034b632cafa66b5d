"""Sends `/api/` to the REST application before the pages' layers see the request."""

from starlette.types import ASGIApp, Receive, Scope, Send


class ApiDispatch:
    def __init__(self, app: ASGIApp, *, api: ASGIApp) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and (scope["path"] + "/").startswith("/api/")
        await (self._api if is_api else self._app)(scope, receive, send)
