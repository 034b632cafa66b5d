"""Security and cache headers on every answer, with a Content-Security-Policy made from the built pages."""

import base64
import hashlib
import re
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_IMMUTABLE = "public, max-age=31536000, immutable"


class SecurityHeaders:
    """Adds the headers no page should be without."""

    def __init__(self, app: ASGIApp, *, pages: Path, public_url: str) -> None:
        self._app = app
        self._pages = pages
        self._public_url = public_url
        self._policy_of = (-1, "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), scope["path"], message["status"])
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders, path: str, status: int) -> None:
        # The documentation page brings a policy of its own.
        headers.setdefault("content-security-policy", self.policy)
        headers["x-content-type-options"] = "nosniff"
        # Not no-referrer: that would make the Origin of our own forms "null".
        headers["referrer-policy"] = "same-origin"
        headers["cross-origin-opener-policy"] = "same-origin"
        headers["permissions-policy"] = "camera=(), geolocation=(), microphone=()"
        if self._public_url.startswith("https://"):
            headers["strict-transport-security"] = "max-age=31536000"
        if "cache-control" not in headers:
            headers["cache-control"] = _IMMUTABLE if status in (200, 304) and _is_hashed(path) else "no-cache"

    @property
    def policy(self) -> str:
        """The policy of the pages as they are built now; a rebuild while serving brings new scripts."""
        index = self._pages / "index.html"
        built_at = index.stat().st_mtime_ns if index.is_file() else 0
        if self._policy_of[0] != built_at:
            self._policy_of = (built_at, self._make_policy())
        return self._policy_of[1]

    def _make_policy(self) -> str:
        """Return the policy: own scripts and the pages' inline ones by hash; nothing is evaluated."""
        socket = self._public_url.replace("http", "ws", 1)
        return "; ".join(
            (
                "default-src 'self'",
                f"script-src 'self' {' '.join(inline_script_hashes(self._pages))}".rstrip(),
                # The component library writes style attributes.
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data:",
                "font-src 'self' data:",
                f"connect-src 'self' {socket}",
                "object-src 'none'",
                "base-uri 'self'",
                "form-action 'self'",
                "frame-ancestors 'none'",
            )
        )


def inline_script_hashes(pages: Path) -> list[str]:
    """Return a CSP source for each inline script in the built pages."""
    found = {
        script for page in pages.rglob("*.html") for script in _INLINE_SCRIPT.findall(page.read_text("utf-8"))
    }
    digests = (hashlib.sha256(script.encode()).digest() for script in found)
    return sorted(f"'sha256-{base64.b64encode(d).decode()}'" for d in digests)


def _is_hashed(path: str) -> bool:
    # The one asset whose content depends on the request keeps its own header.
    return path.startswith("/assets/") and "reflex-env-" not in path
