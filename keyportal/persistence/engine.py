"""The database connection: how it is opened, and the two kinds of transaction."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from sqlmodel import Session

from keyportal.domain.errors import StorageUnavailable

BUSY_TIMEOUT_MS = 10_000
# A commit is on the disk before anybody is told. Tests, which lose nothing to a power cut, turn it off.
SYNCHRONOUS = "FULL"
# Held from the moment the trail's last link is read to the commit that adds one.
CHAIN_LOCK = 742003
_WRITING = "keyportal_writing"
_log = logging.getLogger(__name__)


class Database:
    """One engine, and transactions that either commit whole or leave nothing."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._writing_engine = self.engine.execution_options(**{_WRITING: True})
        # SQLite has one writer. Queuing here is fair; its busy timeout is for other processes.
        self._one_writer = Lock()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session whose changes are thrown away."""
        with _translated(), Session(self.engine) as session:
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a session that commits at the end; on SQLite it holds the write lock throughout."""
        with _translated():
            if not self.is_sqlite:
                with Session(self._writing_engine, expire_on_commit=False) as session, session.begin():
                    yield session
                return
            with (
                self._one_writer,
                Session(self._writing_engine, expire_on_commit=False) as session,
                session.begin(),
            ):
                session.connection()
                yield session

    def dispose(self) -> None:
        self.engine.dispose()


def open_engine(url: str, **options: Any) -> Engine:
    """Open an engine with the pragmas and pool each database needs. Connects to nothing yet."""
    if not url.startswith("sqlite"):
        # The trail's last link is read under its lock: an older picture of it would fork the trail.
        level = "READ COMMITTED"
        return create_engine(url, pool_pre_ping=True, hide_parameters=True, isolation_level=level, **options)
    engine = create_engine(url, hide_parameters=True, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def wait_at_most(session: Session, seconds: float) -> None:
    """Give up on locks others hold after so long, until the transaction ends: StorageUnavailable.

    On SQLite the busy timeout does that for all.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text(f"SET LOCAL lock_timeout = {round(seconds * 1000)}"))


def take_lock(session: Session, number: int) -> None:
    """Hold a named lock until the transaction ends. On SQLite the transaction itself is the lock."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": number})


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Transactions are begun by `_begin_sqlite`; the driver must not begin its own.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in sqlite_pragmas():
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def sqlite_pragmas() -> tuple[str, ...]:
    """Return how every connection to SQLite is set."""
    return (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        f"synchronous={SYNCHRONOUS}",
        "foreign_keys=ON",
        "secure_delete=ON",
    )


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: a transaction that reads first and writes later would fail under another writer.
    writing = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, TimeoutError) as problem:
        # The kind alone: the driver's words may hold the address and the user of the database.
        cause = getattr(problem, "orig", None) or problem
        _log.warning("the database did not answer: %s", type(cause).__name__)
        raise StorageUnavailable from None
