"""Putting a copy in the place of a whole database: held by nobody else meanwhile, and all or nothing."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from keyportal.persistence import migrate
from keyportal.persistence.copies import COPIED, copy_connected, copy_out, copy_rows, file_of, sync, url_of
from keyportal.persistence.engine import open_engine

# Others come and go for a moment; a server stays.
_WAIT_S = 5
_LOCK_NOT_AVAILABLE = "55P03"
_BROKEN = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
# https://www.sqlite.org/fileformat.html#magic_header_string
_MAGIC = b"SQLite format 3\x00"
_BESIDE = ("-wal", "-shm", "-journal")


class InUse(Exception):
    """Another process has the database open."""


class Target(Protocol):
    """A database that is about to be replaced, and that nobody else gets at until then."""

    def save_to(self, file: Path) -> Path | None:
        """Copy what is there now to a new file and return where it is; None where there is nothing."""
        ...

    def replace_with(self, file: Path) -> None:
        """Put a copy at the newest schema in its place."""
        ...


@contextmanager
def held(url: str) -> Iterator[Target]:
    """Hold a database alone. Raises InUse, and as `upgrade_schema` for one of PostgreSQL."""
    with _held_sqlite(url) if url.startswith("sqlite") else _held_postgresql(url) as target:
        yield target


@contextmanager
def _held_sqlite(url: str) -> Iterator[Target]:
    # SQLite's logs lie beside the file itself, whatever links lead to it.
    file = file_of(url).resolve()
    # Every start takes this lock first.
    with migrate.start_lock(create_engine(url)):
        if not may_be_database(file):
            # Not even opened: SQLite would take its log away.
            yield _BrokenFile(file)
            return
        try:
            connection = _hold(file)
        except sqlite3.DatabaseError as problem:
            if _code(problem) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise InUse from None
            if _code(problem) not in _BROKEN:
                raise
            yield _BrokenFile(file)
            return
        with closing(connection):
            yield _File(connection)


def may_be_database(file: Path) -> bool:
    """Tell whether a file begins as one of SQLite, or is empty."""
    with file.open("rb") as content:
        return content.read(len(_MAGIC)) in (_MAGIC, b"")


def _hold(file: Path) -> sqlite3.Connection:
    """Open a file for this process alone.

    Leaving the write-ahead log works for the only connection and for no other, and it folds the log in:
    there is none that could be taken for the new content's.
    """
    connection = sqlite3.connect(file, timeout=_WAIT_S, isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA synchronous=EXTRA")
        # Taken by writing nothing, and kept: that is what the locking mode is for.
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _code(problem: sqlite3.Error) -> int:
    return getattr(problem, "sqlite_errorcode", 0) & 0xFF


class _File:
    """A database of SQLite. It is overwritten by one transaction of SQLite's own.

    The file stays the same one: links to it, its owner and its mode stay, and whoever waits for its lock
    finds the new content and not a file that is gone.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def save_to(self, file: Path) -> Path | None:
        if not self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return None
        copy_connected(self._connection, file)
        return file

    def replace_with(self, file: Path) -> None:
        with closing(sqlite3.connect(file)) as source:
            source.backup(self._connection)


class _BrokenFile:
    """A file SQLite cannot make sense of. It is set aside with all that lies beside it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def save_to(self, file: Path) -> Path | None:
        # Beside it, where it needs no room of its own. The logs go first: nothing may ever be read with
        # another's log.
        aside = self._file.with_name(file.name)
        for end in _BESIDE:
            with suppress(FileNotFoundError):
                Path(f"{self._file}{end}").rename(f"{aside}{end}")
        _link(self._file, aside)
        sync(aside.parent)
        return aside

    def replace_with(self, file: Path) -> None:
        new = self._file.with_name(f".{self._file.name}.new")
        shutil.copyfile(file, new)
        found = self._file.stat()
        new.chmod(0o600)
        os.chown(new, found.st_uid, found.st_gid)
        sync(new)
        new.replace(self._file)
        sync(self._file.parent)


def _link(file: Path, name: Path) -> None:
    """Give a file a second name, or a copy where the file system has no such thing."""
    try:
        os.link(file, name)
    except OSError:
        shutil.copyfile(file, name)


@contextmanager
def _held_postgresql(url: str) -> Iterator[Target]:
    engine = open_engine(url, is_patient=True, poolclass=NullPool)
    try:
        is_new = migrate.schema_revision(engine) is None
        migrate.upgrade_schema(url)
        with engine.begin() as connection:
            _lock_everything(connection)
            yield _Tables(connection, is_new)
    finally:
        engine.dispose()


def _lock_everything(connection: Connection) -> None:
    """Hold every table until the transaction ends. Raises InUse."""
    names = ", ".join(["changes", *(table.name for table in COPIED)])
    connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_S}s'"))
    try:
        connection.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
    except OperationalError as problem:
        if getattr(problem.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise InUse from None
        raise


class _Tables:
    """A database of PostgreSQL. One transaction reads what is there, empties the tables and fills them."""

    def __init__(self, connection: Connection, is_new: bool) -> None:
        self._connection = connection
        self._is_new = is_new

    def save_to(self, file: Path) -> Path | None:
        if self._is_new:
            return None
        copy_out(self._connection, file)
        return file

    def replace_with(self, file: Path) -> None:
        # The numbers of changes stay until the end: triggers count on from them.
        self._connection.execute(text(f"TRUNCATE {', '.join(table.name for table in COPIED)}"))
        engine = open_engine(url_of(file), poolclass=NullPool)
        try:
            with engine.connect() as source:
                copy_rows(source, self._connection)
        finally:
            engine.dispose()
        self._number_events()

    def _number_events(self) -> None:
        """Let new events follow the last one, as a part of the transaction: `setval` would not be."""
        last = self._connection.execute(text("SELECT coalesce(max(id), 0) FROM audit_events")).scalar_one()
        sequence = self._connection.execute(text("SELECT pg_get_serial_sequence('audit_events', 'id')"))
        self._connection.execute(text(f"ALTER SEQUENCE {sequence.scalar_one()} RESTART WITH {last + 1}"))
