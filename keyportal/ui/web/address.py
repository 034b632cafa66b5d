"""One address: pages are served under the public URL only, and their script learns it at run time."""

import re
from pathlib import Path
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
# The build writes the address it was made for into this one file.
_BAKED = re.compile(r"(http|ws)://localhost:\d+")


class OneAddress:
    """Sends a browser that came by another name to the public URL, or tells why it cannot."""

    def __init__(self, app: ASGIApp, *, pages: Path, public_url: str) -> None:
        self._app = app
        self._pages = pages
        self._public_url = public_url
        self._scheme, self._host = urlsplit(public_url)[:2]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = self._elsewhere(scope) or self._environment_script(scope["path"])
        # Behind a TLS proxy the framework would redirect to http and the browser would refuse.
        await (answer or self._app)({**scope, "scheme": self._scheme}, receive, send)

    def _elsewhere(self, scope: Scope) -> Response | None:
        host = Headers(scope=scope).get("host", "")
        if host == self._host:
            return None
        if {_name(host), _name(self._host)} <= _LOOPBACK:
            query = scope["query_string"].decode("latin-1")
            target = scope["path"] + (f"?{query}" if query else "")
            return RedirectResponse(self._public_url + quote(target, safe="/?&=%:+,;@"), status_code=307)
        return PlainTextResponse(
            f"This portal is served at {self._public_url}. Open it there, or set KEYPORTAL_PUBLIC_URL"
            " to the address you use and restart it.\n",
            status_code=421,
        )

    def _environment_script(self, path: str) -> Response | None:
        name = path.removeprefix("/assets/")
        if not re.fullmatch(r"reflex-env-[\w-]+\.js", name):
            return None
        file = self._pages / "assets" / name
        if not file.is_file():
            return None
        socket = self._public_url.replace("http", "ws", 1)
        text = _BAKED.sub(
            lambda m: self._public_url if m[1] == "http" else socket, file.read_text(encoding="utf-8")
        )
        return Response(text, media_type="text/javascript", headers={"cache-control": "no-cache"})


def _name(host: str) -> str:
    return re.sub(r":\d+$", "", host)
