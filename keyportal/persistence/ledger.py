"""Puts on record what was handed out, over connections of its own that belong to the event loop."""

import sqlite3
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Engine

from keyportal.persistence.engine import sqlite_pragmas
from keyportal.persistence.faults import is_read_only, is_stale_after, outage_of, sqlite_code
from keyportal.persistence.release_batches import LAST_LINK, Batch, Link, write_sqlite

NUMBER = "SELECT number FROM changes WHERE scope = ''"
# How much the log may hold before a commit moves it into the database: seldom enough to be seldom noticed.
_LOG_PAGES = 8_000
_NUMBER_AND_LINK = f"SELECT ({NUMBER}), ({LAST_LINK})"
CHANGES = "SELECT scope, number FROM changes WHERE number > {} AND scope <> ''"


@dataclass(frozen=True)
class Changed:
    """Somebody changed something since: the present number, and each scope's with a later one."""

    number: int
    scopes: dict[str, int]


class Busy(Exception):
    """Another process writes. Nothing was written; try again in a moment."""


class Held(Exception):
    """Somebody holds the rows of these credentials. Nothing was written; the others can be."""

    def __init__(self, credential_ids: frozenset[str]) -> None:
        super().__init__(len(credential_ids))
        self.credential_ids = credential_ids


class SqliteLedger:
    """A connection of its own for the event loop, which never waits for another writer."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None

    async def write(self, batch: Batch, known: int, link: Link) -> Changed | None:
        """Commit a batch if nothing changed since number `known`, else return what did.

        Raises Busy, StorageUnavailable.
        """
        is_new = self._connection is None
        try:
            return self._write(batch, known, link)
        except sqlite3.Error as problem:
            self._roll_back()
            if sqlite_code(problem) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise Busy from None
            if is_stale_after(problem):
                await self.close()
            if is_read_only(problem) and not is_new:
                # It may be this connection alone, made while the file could only be read.
                return await self.write(batch, known, link)
            raise outage_of(problem) from None
        except BaseException:
            # Nobody else could write.
            self._roll_back()
            raise

    def _write(self, batch: Batch, known: int, link: Link) -> Changed | None:
        connection = self._connection = self._connection or self._connect()
        connection.execute("BEGIN IMMEDIATE")
        number, last = connection.execute(_NUMBER_AND_LINK).fetchone()
        if number != known:
            found = connection.execute(CHANGES.format("?"), (known,)).fetchall()
            connection.execute("ROLLBACK")
            return Changed(number, dict(found))
        write_sqlite(connection, batch, link, last)
        connection.execute("COMMIT")
        return None

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
        try:
            for pragma in (*sqlite_pragmas(), "busy_timeout=0", f"wal_autocheckpoint={_LOG_PAGES}"):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _roll_back(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                # It would hold everybody else up.
                self._connection.close()
                self._connection = None


class Ledger(Protocol):
    """What both databases' ledgers can do."""

    async def write(self, batch: Batch, known: int, link: Link) -> Changed | None:
        """Commit a batch if nothing changed since number `known`, else return what did.

        Raises Busy, Held; and StorageUnavailable, when it is not known whether the batch was written.
        """
        ...

    async def close(self) -> None: ...


def ledger_of(engine: Engine) -> Ledger:
    """Return a ledger for the database of an engine. Connects to nothing yet."""
    if engine.dialect.name == "sqlite":
        return SqliteLedger(engine.url.database or "")
    # A second SQLite's start would wait for.
    from keyportal.persistence.postgres_connections import connect_parameters
    from keyportal.persistence.postgres_ledger import PostgresLedger

    _, parameters = engine.dialect.create_connect_args(engine.url)
    return PostgresLedger({**connect_parameters(engine.url), **parameters})
