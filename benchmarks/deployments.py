"""A portal of its own in a temporary folder: its settings, its servers, and the portal opened beside them."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.databases import Databases
from benchmarks.servers import Server, free_port, keyportal_server
from keyportal.domain.clock import SystemClock
from keyportal.services.portal import Portal
from keyportal.services.start_up import open_portal
from keyportal.settings import settings_from
from tests.support import clean_environment

UI, DATA_PLANE = "UI process", "data plane"


class Deployment:
    """One database of a kind, with an encryption key nobody else has."""

    def __init__(self, folder: Path, kind: str, database: Mapping[str, str], **settings: str) -> None:
        self.folder = folder
        self.kind = kind
        self.database = dict(database)
        self.settings = {
            "API_KEY_ENCRYPTION_KEY": secrets.token_hex(32),
            "KEYPORTAL_ENV_FILE": str(folder / "settings"),
            "KEYPORTAL_DATA_DIR": str(folder / "data"),
            **self.database,
            **settings,
        }

    def environment(self, port: int) -> dict[str, str]:
        return {**clean_environment(), **self.settings, "PORT": str(port)}

    def server(self, process: str, workers: int = 1) -> Server:
        """Return the UI process or the data plane on this database, not started yet."""
        port = free_port()
        arguments = ["serve"]
        if process == DATA_PLANE:
            arguments = ["serve-api", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
        log = self.folder / f"{process.replace(' ', '-')}.log"
        return keyportal_server(arguments, port, self.environment(port), log)

    @contextmanager
    def opened(self) -> Iterator[Portal]:
        """Yield the portal in this process, on the same database."""
        portal = open_portal(settings_from(self.environment(3000)), SystemClock())
        try:
            yield portal
        finally:
            portal.close()


@contextmanager
def deployment(folder: Path, databases: Databases, kind: str, **settings: str) -> Iterator[Deployment]:
    """Yield a deployment on an empty database, which is dropped afterwards."""
    own = folder / f"{kind}-{secrets.token_hex(4)}"
    own.mkdir(mode=0o700)
    made = Deployment(own, kind, databases.new(kind), **settings)
    try:
        yield made
    finally:
        databases.drop(made.database)
