"""Where the portal is and who asks: arguments first, then the variables of the environment.

Refuses what would send the agent key in the clear, or to somewhere else than meant.
"""

import ipaddress
import os
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from keyportal.client.errors import NotConfigured

URL, AGENT_KEY, AGENT_KEY_FILE = "KEYPORTAL_URL", "KEYPORTAL_AGENT_KEY", "KEYPORTAL_AGENT_KEY_FILE"
_PRINTABLE = re.compile(r"[!-~]+")
_LONGEST_KEY = 4096


@dataclass(frozen=True)
class Place:
    """A portal's origin, and the header that says who asks."""

    origin: str
    authorization: str = field(repr=False)

    @property
    def is_https(self) -> bool:
        return self.origin.startswith("https:")


def place_of(url: str | None, agent_key: str | None, *, allow_http: bool) -> Place:
    """Return where to ask, from the arguments or else the environment. Raises NotConfigured."""
    given = url if url is not None else os.environ.get(URL, "")
    key = agent_key if agent_key is not None else _key_of_environment()
    if not key.strip():
        raise NotConfigured(
            f"There is no agent key. Create one on the Agent keys page, then set {AGENT_KEY} or"
            f" {AGENT_KEY_FILE}."
        )
    return Place(_origin(given.strip(), allow_http=allow_http), f"Bearer {_clean_key(key)}")


def own_environment() -> dict[str, str]:
    """Return the variables of this process, for a program that is started in its place."""
    return dict(os.environ)


def trust() -> ssl.SSLContext:
    """Return what certificates are checked against: the bundled authorities and the system's own.

    The system's are where a company installs its authority; OpenSSL also reads SSL_CERT_FILE.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def _key_of_environment() -> str:
    key, file = os.environ.get(AGENT_KEY, ""), os.environ.get(AGENT_KEY_FILE, "")
    if key and file:
        raise NotConfigured(f"{AGENT_KEY} and {AGENT_KEY_FILE} are both set. Keep one of them.")
    if not file:
        return key
    try:
        with Path(file).open(encoding="ascii") as opened:
            return opened.read(_LONGEST_KEY)
    except (OSError, ValueError):
        raise NotConfigured(f"{AGENT_KEY_FILE} names a file that cannot be read as text.") from None


def _clean_key(key: str) -> str:
    # Checked here: an HTTP library that refuses a header repeats it in its error.
    if not _PRINTABLE.fullmatch(key.strip()):
        raise NotConfigured("The agent key has characters that no agent key has. Copy it again.")
    return key.strip()


def _origin(url: str, *, allow_http: bool) -> str:
    if not url:
        raise NotConfigured(
            f"The portal's address is not known. Set {URL}, such as https://keys.example.com."
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    extra = parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/")
    if parts.scheme not in ("http", "https") or not host or extra or not _PRINTABLE.fullmatch(url):
        raise NotConfigured(f"{URL} has to be an address without a path, such as https://keys.example.com.")
    if parts.scheme == "http" and not (allow_http or _is_loopback(host)):
        raise NotConfigured(
            "The portal's address is plain http, where everybody on the way can read the keys. Use https;"
            " in a network of your own allow it: allow_http=True, or --allow-http."
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
