"""Decides which network addresses may be called, on the very address the socket is opened to.

Never trusts a name: it is resolved once, every answer is checked, and only a checked one is used.
"""

import asyncio
import functools
import ipaddress
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import cast

import httpcore

from keyportal.domain.errors import KeyPortalError

# One dead IPv6 address must not eat the whole deadline of ten seconds.
_CONNECT_SECONDS = 3.0

# IPv6 is an allow-list: outside 2000::/3 lie loopback, ULA, link-local, multicast, mapped and
# compatible IPv4, NAT64 (64:ff9b::/96, 64:ff9b:1::/48) and the discard block.
_GLOBAL_UNICAST_6 = ipaddress.ip_network("2000::/3")
_REFUSED_6 = tuple(
    ipaddress.ip_network(block)
    for block in (
        "2001::/23",  # IETF protocol block: Teredo, ORCHID, benchmarking
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries any IPv4 address
        "3fff::/20",  # documentation
    )
)
_REFUSED_4 = tuple(
    ipaddress.ip_network(block)
    for block in (
        "100.64.0.0/10",  # carrier-grade NAT
        "192.0.0.0/24",  # IETF protocol block
        "192.88.99.0/24",  # 6to4 relays
    )
)
# Services that hand out a machine's own credentials: closed even to an allowed origin, since no
# operator means them.
_METADATA = tuple(
    ipaddress.ip_network(block)
    for block in (
        "169.254.169.254/32",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",
        "fd00:ec2::/32",
        "fd20:ce::/32",
    )
)
# Looking up a name blocks a thread for as long as a dead server takes. Threads of its own: those of
# the event loop serve pages and database.
_RESOLVERS = ThreadPoolExecutor(max_workers=64, thread_name_prefix="resolve-name")
_TRANSITION_6 = tuple(
    ipaddress.ip_network(block)
    for block in ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")
)


class Reason(StrEnum):
    """Why no reply came."""

    DNS = "dns"
    REFUSED_ADDRESS = "refused_address"
    CLOSED_ADDRESS = "closed_address"
    REFUSED_URL = "refused_url"
    REFUSED_HEADER = "refused_header"
    TIMEOUT = "timeout"
    TLS = "tls"
    CONNECTION = "connection"
    PROTOCOL = "protocol"


class Unreachable(KeyPortalError):
    """No reply came. Carries a reason and nothing of the request: no URL, header, cause."""

    code = "unreachable"
    message = "The provider cannot be reached."

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__()


def is_public(address: str) -> bool:
    """Tell whether an address lies on the open internet."""
    ip = ipaddress.ip_address(address)
    if ip.is_multicast or not ip.is_global or _hands_out_credentials(ip):
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        return ip in _GLOBAL_UNICAST_6 and not any(ip in block for block in _REFUSED_6)
    return not any(ip in block for block in _REFUSED_4)


def is_allowed_inside(address: str) -> bool:
    """Tell whether an operator's own origin may lie here: private and loopback, never metadata."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and any(ip in block for block in _TRANSITION_6):
        return False
    return not (ip.is_link_local or ip.is_multicast or _hands_out_credentials(ip))


def _hands_out_credentials(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(ip in block for block in _METADATA)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens sockets to checked addresses only. `trusted`: the operator wrote this origin down."""

    def __init__(self, trusted: bool, inner: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._is_allowed = is_allowed_inside if trusted else is_public
        # What stays closed to an allowed origin nobody can open.
        self._refusal = Reason.CLOSED_ADDRESS if trusted else Reason.REFUSED_ADDRESS
        # httpcore types this name as a stub for when anyio is missing.
        self._inner = inner or cast(httpcore.AsyncNetworkBackend, httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await _resolve(host, port)
        # One bad answer among good ones is what a rebinding attack looks like: refuse them all.
        if not all(self._is_allowed(address) for address in addresses):
            raise Unreachable(self._refusal)
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, _CONNECT_SECONDS)
            except (httpcore.NetworkError, httpcore.TimeoutException):
                continue
        raise Unreachable(Reason.CONNECTION)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise Unreachable(Reason.REFUSED_ADDRESS)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


async def _resolve(host: str, port: int) -> list[str]:
    """Resolve a host once. Decimal, hex and octal forms come out as the address they really are."""
    try:
        look_up = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        answers = await asyncio.get_running_loop().run_in_executor(_RESOLVERS, look_up)
        addresses = dict.fromkeys(str(answer[4][0]).partition("%")[0] for answer in answers)
    except (OSError, UnicodeError):
        addresses = {}
    if not addresses:
        raise Unreachable(Reason.DNS)
    return list(addresses)
