"""The database connection: how it is opened, and the two kinds of transaction."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from keyportal.domain.errors import StorageUnavailable
from keyportal.persistence.faults import BUSY, FAILURES, fault_of, is_read_only, is_stale_after, log_fault

BUSY_TIMEOUT_MS = 10_000
# A commit is on the disk before anybody is told. Tests, which lose nothing to a power cut, turn it off.
SYNCHRONOUS = "FULL"
# Held from the moment the trail's last link is read to the commit that adds one.
CHAIN_LOCK = 742003
_WRITING, _PATIENCE = "keyportal_writing", "keyportal_patience_ms"
_AT_ONCE_S = 0.05


class Database:
    """One engine, and transactions that either commit whole or leave nothing.

    `is_patient` is for work that may take long: no statement is ended because of its time.
    """

    def __init__(self, url: str, *, is_patient: bool = False) -> None:
        self.engine = open_engine(url, is_patient=is_patient)
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
    def transaction(self, *, at_once: bool = False) -> Iterator[Session]:
        """Yield a session that commits at the end; on SQLite it holds the write lock throughout.

        What is worth no wait is done `at_once` or not at all. Raises StorageUnavailable.
        """
        with _translated():
            if not self.is_sqlite:
                with Session(self._writing_engine, expire_on_commit=False) as session, session.begin():
                    if at_once:
                        wait_at_most(session, _AT_ONCE_S)
                    yield session
                return
            with self._turn(0 if at_once else BUSY_TIMEOUT_MS) as left_ms, self._begun(left_ms) as session:
                try:
                    yield session
                    session.commit()
                except BaseException as problem:
                    if is_stale_after(problem):
                        # A statement went to the driver directly, and nobody else noticed.
                        _let_go(session.connection())
                        session.connection().invalidate()
                    session.rollback()
                    raise

    @contextmanager
    def _turn(self, patience_ms: int) -> Iterator[int]:
        """Wait for the other writers of this process; yield how much is left to wait for those of others."""
        until = time.monotonic() + patience_ms / 1000
        if not self._one_writer.acquire(timeout=patience_ms / 1000):
            raise StorageUnavailable(BUSY)
        try:
            yield max(0, round((until - time.monotonic()) * 1000))
        finally:
            self._one_writer.release()

    def _begun(self, patience_ms: int) -> Session:
        """Return a session that holds SQLite's write lock.

        Connections made while the file could only be read stay so: it is tried once with new ones.
        """
        for is_last in (False, True):
            session = Session(self._writing_engine, expire_on_commit=False)
            try:
                session.connection(execution_options={_PATIENCE: patience_ms})
            except DBAPIError as problem:
                session.close()
                if is_last or not is_read_only(problem.orig):
                    raise
            else:
                return session
        raise AssertionError

    def dispose(self) -> None:
        self.engine.dispose()


def open_engine(url: str, *, is_patient: bool = False, **options: Any) -> Engine:
    """Open an engine with the pragmas and pool each database needs. Connects to nothing yet."""
    if not url.startswith("sqlite"):
        # A driver SQLite's start would wait for.
        from keyportal.persistence.postgres_connections import open_postgres

        return open_postgres(url, is_patient=is_patient, **options)
    engine = create_engine(url, hide_parameters=True, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "handle_error", _renew_sqlite)
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
    options = connection.get_execution_options()
    if not options.get(_WRITING, False):
        connection.exec_driver_sql("BEGIN")
        return
    left_ms = options.get(_PATIENCE, BUSY_TIMEOUT_MS)
    if left_ms > BUSY_TIMEOUT_MS // 2:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    connection.exec_driver_sql(f"PRAGMA busy_timeout={left_ms}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _renew_sqlite(context: ExceptionContext) -> None:
    """Have a connection made anew that holds the file as it was."""
    if is_stale_after(context.original_exception):
        if context.connection is not None:
            _let_go(context.connection)
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = is_read_only(context.original_exception)


def _let_go(connection: Connection) -> None:
    """Give the write lock back: a connection is closed only when its last statement is forgotten."""
    driver = connection.connection.dbapi_connection
    if driver is not None:
        with suppress(sqlite3.Error):
            driver.rollback()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (*FAILURES, ValueError) as problem:
        fault = fault_of(problem)
        if fault is None:
            raise
        # The kind alone: the driver's words may hold the address and the user of the database.
        log_fault(fault, problem)
        raise fault from None
