"""`serve-api`: the REST API alone, in as many processes as wanted, beside the portal or elsewhere."""

import importlib
from typing import Annotated

import typer
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from keyportal.cli.console import refusals_as_exit_codes, say
from keyportal.cli.ports import require_free_port
from keyportal.services.start_up import open_portal
from keyportal.settings import load_settings

_MODULE = "keyportal.data_plane"


def serve_api(
    host: Annotated[str | None, typer.Option(help="The address to listen on. HOST by default.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 3001,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes.")] = 1,
) -> None:
    """Serve /api/ and nothing else, on the portal's database, apart from its pages."""
    with refusals_as_exit_codes():
        settings = load_settings()
        # Before anything listens; closed again, because no connection outlives a fork.
        open_portal(settings).close()
        host = host or settings.host
        require_free_port(host, port, "--port")
    # Imported once, here: the workers are copies of this process.
    importlib.import_module(_MODULE)
    say(f"The API is starting on {host}:{port}")
    Granian(
        f"{_MODULE}:server",
        factory=True,
        interface=Interfaces.ASGI,
        address=host,
        port=port,
        workers=workers,
        log_access=False,
        log_level=LogLevels.warning,
        workers_kill_timeout=10,
    ).serve()
