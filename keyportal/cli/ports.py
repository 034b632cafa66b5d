"""The port a server is about to listen on."""

import errno
import socket

from keyportal.domain.errors import UnusableSetting


def require_free_port(host: str, port: int, name: str = "PORT") -> None:
    """The server shares its port with whoever else would; two portals must not answer in turns.

    `name` is what the person would change. Raises UnusableSetting.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise UnusableSetting(name, "is one only root may listen on. Choose one above 1023.") from None
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                raise UnusableSetting(
                    name, f"is in use by another program. Stop it, or change {name}."
                ) from None
            raise UnusableSetting("HOST", "is no address of this machine.") from None
