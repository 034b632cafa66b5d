"""The test deployment: its settings, its clock, and a database of each kind with the cast in it."""

import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlmodel import SQLModel

from keyportal.domain.principals import Role, operator_principal
from keyportal.domain.secret import Secret
from keyportal.persistence.migrate import upgrade_schema
from keyportal.services import users
from keyportal.services.portal import Portal
from keyportal.services.start_up import open_portal
from keyportal.settings import Settings, settings_from

ENCRYPTION_KEY = "6b1f0c9d4e7a82355a90c3d8e1f42b7719ac05be63d2874f08e6a1b95d3cf724"
OTHER_KEY = "c5d81e0a97b34f6210edc8a459f7b3602d1a8e94f05c7b63e29410adf8865bd3"
PASSWORDS = {
    "alice@example.com": "alice has a long password",
    "bob@example.com": "bob has a long password too",
    "root@example.com": "root has the longest password",
}
ROLES = {"alice@example.com": Role.MEMBER, "bob@example.com": Role.MEMBER, "root@example.com": Role.ADMIN}
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class FakeClock:
    """A clock that stands still until a test moves it."""

    moment: datetime = field(default=START)

    def now(self) -> datetime:
        return self.moment

    def advance(self, by: timedelta) -> None:
        self.moment += by


def make_settings(data_dir: Path, **values: str) -> Settings:
    """Build settings from a dict; nothing of the machine's environment gets in."""
    base = {"API_KEY_ENCRYPTION_KEY": ENCRYPTION_KEY, "KEYPORTAL_DATA_DIR": str(data_dir)}
    return settings_from({**base, **values})


def add_cast(portal: Portal) -> None:
    for email, password in PASSWORDS.items():
        new = users.NewUser(email, Secret(password), ROLES[email])
        users.add_user(portal, operator_principal(), new)


def open_with_cast(settings: Settings) -> Portal:
    portal = open_portal(settings, FakeClock())
    add_cast(portal)
    return portal


class SqliteTemplate:
    """A migrated SQLite file with the cast, copied for each test."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "keyportal.db"
        open_with_cast(make_settings(folder)).close()
        with_sqlite_checkpointed(self._file)

    def copy_to(self, folder: Path) -> dict[str, str]:
        shutil.copy(self._file, folder / "keyportal.db")
        return {}


# A copy of every table stands in a schema of its own. Deleting a few rows is fifty times faster than
# emptying the files of all tables, and the numbers start again where the cast left them.
_TABLES = [table.name for table in SQLModel.metadata.sorted_tables]
_SAVE = "CREATE SCHEMA saved;" + ";".join(f"CREATE TABLE saved.{t} AS TABLE public.{t}" for t in _TABLES)
_PUT_BACK = ";".join(
    [
        "BEGIN",
        *(f"DELETE FROM public.{t}" for t in reversed(_TABLES)),
        *(f"INSERT INTO public.{t} SELECT * FROM saved.{t}" for t in _TABLES),
        "SELECT setval(pg_get_serial_sequence('audit_events', 'id'), max(id)) FROM audit_events",
        "COMMIT",
    ]
)
_END_OTHERS = b"""
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_GROWN = b"""
    SELECT relname::text FROM pg_class WHERE relnamespace = to_regnamespace('public')
        AND relname IN ('credentials', 'agent_keys', 'usage_days', 'users') AND pg_relation_size(oid) > 400000
"""
_SCHEMA = b"""
    SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
    WHERE relnamespace = to_regnamespace('public')
"""


class PostgresTemplate:
    """One PostgreSQL database with the cast, put back to how it was before each test."""

    def __init__(self, server_uri: str, folder: Path) -> None:
        self._server_uri = server_uri
        self._emptied: list[str] = []
        # Tests look at what is stored, not at whether it survives a power cut.
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            self._execute(f"ALTER SYSTEM SET {setting} = off")
        self._execute("SELECT pg_reload_conf()")
        self._url = self._create("cast")
        open_with_cast(make_settings(folder, DATABASE_URL=self._url)).close()
        # Stays connected: opening a connection takes longer than putting everything back.
        self._keeper = psycopg.connect(self._url, autocommit=True)
        self._keeper.execute(_SAVE.encode())
        self._schema = self._read_schema()

    def copy_to(self, folder: Path) -> dict[str, str]:
        """Return the settings of the database, with the cast in it and nothing else."""
        name = make_url(self._url).database
        self._keeper.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
        self._keeper.execute(_END_OTHERS)
        if self._read_schema() != self._schema or self._keeper.execute(_GROWN).fetchone():
            # A test took a table away, or stood at another schema; or thousands of rows were there, and what
            # is left of them would be read past, and planned for, by all others.
            self._keeper.execute(b"DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            upgrade_schema(self._url)
        self._keeper.execute(_PUT_BACK.encode())
        return {"DATABASE_URL": self._url}

    def close(self) -> None:
        self._keeper.close()

    def empty(self) -> str:
        """Return the URL of a new database without tables."""
        return self._create("empty")

    def drop_clones(self) -> None:
        while self._emptied:
            self._execute(f"DROP DATABASE {self._emptied.pop()} WITH (FORCE)")

    def _create(self, kind: str) -> str:
        name = f"{kind}_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name}")
        if kind == "empty":
            self._emptied.append(name)
        base, _, query = self._server_uri.partition("?")
        return f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")

    def _read_schema(self) -> tuple[object, object]:
        """Return what the schema consists of, and the revision it stands at."""
        there = self._keeper.execute(_SCHEMA).fetchone()
        try:
            return there, self._keeper.execute(b"SELECT version_num FROM public.alembic_version").fetchall()
        except psycopg.errors.UndefinedTable:
            return there, None

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._server_uri, autocommit=True) as connection:
            connection.execute(statement.encode())


def with_sqlite_checkpointed(file: Path) -> None:
    """Fold the write-ahead log into the file, so that the file alone is the database."""
    import sqlite3

    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def all_text_of(portal: Portal) -> bytes:
    """Return everything the database holds, as bytes, for looking for what must not be there."""
    found: list[Any] = []
    with portal.database.reading() as session:
        for table in SQLModel.metadata.tables:
            found.extend(session.connection().execute(text(f"SELECT * FROM {table}")).all())
    content = repr(found).encode()
    if portal.database.is_sqlite:
        for file in portal.settings.data_dir.iterdir():
            content += file.read_bytes()
    return content


def clean_environment() -> dict[str, str]:
    """Return this machine's environment without anything that configures a portal or a provider."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "PIP_", "NPM_", "npm_", "NODE_", "SSL_", "CI")
    return {k: v for k, v in os.environ.items() if k.startswith(kept)}
