"""What a database's failure is to callers: by its code alone, never by its words, which may hold values.

SQLite: https://www.sqlite.org/rescode.html. PostgreSQL: appendix A of its manual.
"""

import errno
import json
import logging
import sqlite3
import time

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

from keyportal.domain.errors import StorageDamaged, StorageFull, StorageReadOnly, StorageUnavailable

# What may be a failure of the database, and may be something else: `fault_of` tells.
FAILURES = (DBAPIError, TimeoutError, sqlite3.Error)

_OUTAGES = (OperationalError, InterfaceError, TimeoutError, sqlite3.OperationalError)
BUSY = "The database is busy with something else. Try again in a moment."
_SQLITE_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SQLITE = {
    sqlite3.SQLITE_FULL: StorageFull,
    sqlite3.SQLITE_READONLY: StorageReadOnly,
    sqlite3.SQLITE_CORRUPT: StorageDamaged,
    sqlite3.SQLITE_NOTADB: StorageDamaged,
}
# After one of these a connection may stay as it is for ever: it has the file as it was. After "full" it is
# fine, and closing the last one would take files away that nobody could make again.
_SQLITE_STALE = (
    *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN),
    *(sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
)
# What the disk did not take is rolled back, and the connection still reads. A new one would have to write
# first, and would find in the log what was refused: it would come to life.
_SQLITE_NOT_TAKEN = (
    *(sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC),
    *(sqlite3.SQLITE_IOERR_DIR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE),
)
# Lock not available, cancelled by a timeout, deadlock, serialisation.
_POSTGRES_BUSY = ("55P03", "57014", "40P01", "40001")
_POSTGRES = {
    "53100": StorageFull,
    "25006": StorageReadOnly,
    "XX001": StorageDamaged,
    "XX002": StorageDamaged,
}
# Of files beside the database.
_FILES = {errno.ENOSPC: StorageFull, errno.EDQUOT: StorageFull, errno.EROFS: StorageReadOnly}
_SAY_EVERY_S = 60.0
_said: dict[tuple[str, str], float] = {}
_log = logging.getLogger(__name__)


def fault_of(problem: BaseException) -> StorageUnavailable | None:
    """Return what to tell callers; None where the database works and refused what it was asked."""
    cause = getattr(problem, "orig", None) or problem
    code, state = sqlite_code(cause), getattr(cause, "sqlstate", None)
    kind = _SQLITE.get(code or -1) or _POSTGRES.get(state or "")
    if kind is not None:
        return kind()
    if is_no_text(problem):
        return StorageDamaged()
    if isinstance(cause, OSError) and cause.errno in _FILES:
        return _FILES[cause.errno]()
    if code in _SQLITE_BUSY or state in _POSTGRES_BUSY:
        return StorageUnavailable(BUSY)
    return StorageUnavailable() if isinstance(problem, _OUTAGES) else None


def outage_of(problem: BaseException) -> StorageUnavailable:
    """Return what to tell callers of a failure after which nothing is known to be written, and log it."""
    if isinstance(problem, StorageUnavailable):
        return problem
    fault = fault_of(problem) or StorageUnavailable()
    log_fault(fault, problem)
    return fault


def sqlite_code(problem: object) -> int | None:
    """Return SQLite's primary code of a failure."""
    code = getattr(problem, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_no_text(problem: BaseException) -> bool:
    """Tell whether something was read that cannot be what was written: no text, no JSON, no moment.

    SQLite names every failure of its own; one without a code is its driver's.
    """
    cause = getattr(problem, "orig", None) or problem
    if isinstance(cause, sqlite3.OperationalError):
        return sqlite_code(cause) is None
    return isinstance(cause, json.JSONDecodeError) or "isoformat" in str(cause)


def is_read_only(problem: object) -> bool:
    """Tell whether SQLite refused to write, and wrote nothing."""
    return sqlite_code(problem) == sqlite3.SQLITE_READONLY


def is_stale_after(problem: object) -> bool:
    """Tell whether a connection to SQLite has to be made anew after a failure."""
    if getattr(problem, "sqlite_errorcode", None) in _SQLITE_NOT_TAKEN:
        return False
    return sqlite_code(problem) in _SQLITE_STALE


def log_fault(fault: StorageUnavailable, problem: BaseException) -> None:
    """Log the kind alone, once a minute: a disk that is full must not fill with this."""
    cause = getattr(problem, "orig", None) or problem
    kind, now = type(cause).__name__, time.monotonic()
    if now - _said.get((fault.code, kind), -_SAY_EVERY_S) >= _SAY_EVERY_S:
        _said[fault.code, kind] = now
        code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or "no code"
        _log.warning("%s: %s, %s", fault.code, kind, code)
