"""What a database's failure is to callers: told by its code, logged by its kind, never by its words."""

import logging
import sqlite3

import psycopg
import pytest
from sqlalchemy import exc

from keyportal.domain.errors import StorageDamaged, StorageFull, StorageReadOnly, StorageUnavailable
from keyportal.persistence import faults
from keyportal.persistence.faults import fault_of, is_stale_after, outage_of

WORDS = "sk-in-the-message"


def sqlite_error(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    error = kind(WORDS)
    error.sqlite_errorcode = code
    error.sqlite_errorname = "SQLITE_SOMETHING"
    return error


def wrapped(error: Exception, kind: type[exc.DBAPIError] = exc.OperationalError) -> exc.DBAPIError:
    return kind("SELECT", {}, error)


@pytest.mark.parametrize(
    ("code", "kind", "is_stale"),
    [
        (sqlite3.SQLITE_FULL, StorageFull, False),
        (sqlite3.SQLITE_READONLY, StorageReadOnly, True),
        (sqlite3.SQLITE_READONLY_DBMOVED, StorageReadOnly, True),
        (sqlite3.SQLITE_READONLY_DIRECTORY, StorageReadOnly, True),
        (sqlite3.SQLITE_IOERR, StorageUnavailable, True),
        (sqlite3.SQLITE_IOERR_READ, StorageUnavailable, True),
        (sqlite3.SQLITE_IOERR_WRITE, StorageUnavailable, False),
        (sqlite3.SQLITE_IOERR_FSYNC, StorageUnavailable, False),
        (sqlite3.SQLITE_CANTOPEN, StorageUnavailable, True),
        (sqlite3.SQLITE_BUSY, StorageUnavailable, False),
        (sqlite3.SQLITE_LOCKED, StorageUnavailable, False),
        (sqlite3.SQLITE_CORRUPT, StorageDamaged, True),
        (sqlite3.SQLITE_NOTADB, StorageDamaged, True),
    ],
)
def test_sqlite_s_codes(code: int, kind: type[StorageUnavailable], is_stale: bool) -> None:
    error = sqlite_error(code)
    found = [fault_of(error), fault_of(wrapped(error)), fault_of(wrapped(error, exc.DatabaseError))]
    assert [type(fault) for fault in found[:2]] == [kind, kind]
    assert is_stale_after(error) == is_stale
    assert all(WORDS not in fault.message for fault in found if fault)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", StorageFull),
        ("25006", StorageReadOnly),
        ("XX001", StorageDamaged),
        ("XX002", StorageDamaged),
        ("57P01", StorageUnavailable),
        ("57P03", StorageUnavailable),
        ("08006", StorageUnavailable),
        ("53300", StorageUnavailable),
        ("55P03", StorageUnavailable),
        ("57014", StorageUnavailable),
        ("40P01", StorageUnavailable),
    ],
)
def test_postgresql_s_codes(state: str, kind: type[StorageUnavailable]) -> None:
    error = psycopg.errors.lookup(state)(WORDS)
    fault = fault_of(wrapped(error))
    assert type(fault) is kind and WORDS not in kind.message


@pytest.mark.parametrize("state", ["23505", "22001", "42P01", "25P02"])
def test_what_the_database_refused_is_no_outage(state: str) -> None:
    error = psycopg.errors.lookup(state)(WORDS)
    assert fault_of(wrapped(error, exc.ProgrammingError)) is None


def test_who_waits_for_somebody_is_told_so() -> None:
    for error in (sqlite_error(sqlite3.SQLITE_BUSY), wrapped(psycopg.errors.LockNotAvailable(WORDS))):
        fault = fault_of(error)
        assert fault is not None and "busy" in fault.message


def test_an_outage_is_logged_once_a_minute_by_its_kind(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "_said", {})
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert outage_of(sqlite_error(sqlite3.SQLITE_FULL)).code == "storage_full"
            outage_of(wrapped(psycopg.errors.AdminShutdown(WORDS)))
    assert [r.getMessage() for r in caplog.records] == [
        "storage_full: OperationalError, SQLITE_SOMETHING",
        "storage_unavailable: AdminShutdown, 57P01",
    ]


def test_what_nobody_knows_is_an_outage_after_a_write() -> None:
    assert type(outage_of(ValueError(WORDS))) is StorageUnavailable
    assert fault_of(ValueError(WORDS)) is None
