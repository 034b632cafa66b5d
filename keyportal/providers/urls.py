"""The one grammar for addresses KeyPortal calls: no second parser could read one differently.

Pure text: never resolves a name, never repeats the address in an error.
"""

import ipaddress
import re
from dataclasses import dataclass

from keyportal.domain.errors import InvalidInput

# An allow-list: user-info, backslashes, control characters, fragments, zone ids, percent signs in
# the host and full-width look-alikes cannot be written in it, so no rule has to look for them.
_GRAMMAR = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9_.-]+|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:/[a-z0-9._~!$&'()*+,;=:@%/-]*)?(?:\?[a-z0-9._~!$&'()*+,;=:@%/?-]*)?)",
    re.IGNORECASE | re.ASCII,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Url:
    """A parsed address. `host` is lower case and without brackets, `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def parse_url(text: str) -> Url:
    """Parse an http(s) address strictly.

    Raises:
        InvalidInput: the address is not one; the message never holds it.
    """
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise _unusable()
    scheme = match["scheme"].lower()
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    if not 1 <= port <= 65535:
        raise _unusable()
    target = match["target"]
    return Url(scheme, _host(match["host"]), port, target if target[:1] == "/" else "/" + target)


def origin_of(base_url: str) -> str:
    """Return scheme://host[:port] of an address, in lower case and without a default port."""
    return parse_url(base_url).origin


def destination_of(base_url: str) -> str:
    """Return the origin a key is sealed to; nothing for a provider that has no address yet."""
    return origin_of(base_url) if base_url else ""


def _host(text: str) -> str:
    if not text.startswith("["):
        return text.lower()
    try:
        return str(ipaddress.IPv6Address(text[1:-1]))
    except ValueError:
        raise _unusable() from None


def _unusable() -> InvalidInput:
    return InvalidInput(
        "This address cannot be used. Write it like https://host or http://host:8080/v1, "
        "without a login or #.",
        field="base_url",
    )
