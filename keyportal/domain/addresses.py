"""Addresses a person is sent on to. Only pages of this portal: anything else could be another site."""

from collections.abc import Container
from urllib.parse import urlsplit

HOME = "/"
_LONGEST = 2000


def own_page(wanted: str, pages: Container[str]) -> str:
    """Return the path and query if they are of one of these pages, and the first page for all else."""
    if len(wanted) > _LONGEST or not all("!" <= c <= "~" and c != "\\" for c in wanted):
        return HOME
    if not wanted.startswith("/") or wanted.startswith("//"):
        return HOME
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return HOME
    path = parts.path.rstrip("/") or HOME
    if parts.scheme or parts.netloc or path not in pages:
        return HOME
    return f"{path}?{parts.query}" if parts.query else path
