"""Transactions: whole or nothing, one writer at a time on SQLite, and what the caller is told."""

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import exc, text
from sqlmodel import SQLModel

from keyportal.domain.errors import StorageUnavailable
from keyportal.persistence import engine as module
from keyportal.persistence import records
from keyportal.persistence.engine import Database
from keyportal.services.portal import Portal
from tests.support import START


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    path = tmp_path / "some.db"
    database = Database(f"sqlite:///{path}")
    SQLModel.metadata.create_all(database.engine)
    database.dispose()
    return path


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("busy_timeout", module.BUSY_TIMEOUT_MS),
        ("secure_delete", 1),
    ],
)
def test_every_sqlite_connection_has_its_pragmas(
    sqlite_file: Path, pragma: str, value: object, products_synchronous: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SYNCHRONOUS", products_synchronous)
    database = Database(f"sqlite:///{sqlite_file}")
    with database.reading() as one, database.reading() as other, database.transaction() as third:
        found = [s.connection().execute(text(f"PRAGMA {pragma}")).scalar() for s in (one, other, third)]
    assert found == [value] * 3


def test_a_write_transaction_holds_the_lock_before_it_writes(sqlite_file: Path) -> None:
    outsider = sqlite3.connect(sqlite_file, timeout=0, isolation_level=None)
    writing = Database(f"sqlite:///{sqlite_file}").transaction()
    with writing, pytest.raises(sqlite3.OperationalError, match="locked"):
        outsider.execute("BEGIN IMMEDIATE")
    outsider.execute("BEGIN IMMEDIATE")


def test_a_reader_does_not_wait_for_a_writer(sqlite_file: Path) -> None:
    database = Database(f"sqlite:///{sqlite_file}")
    with database.transaction() as writer:
        records.write_setting(writer, "a", "1", START)
        writer.flush()
        with database.reading() as reader:
            assert records.read_setting(reader, "a") is None


@pytest.mark.parametrize("same_process", [True, False])
def test_a_second_writer_waits_rather_than_fails(sqlite_file: Path, same_process: bool) -> None:
    """Both read, then write: a deferred transaction would fail here with "database is locked"."""
    url = f"sqlite:///{sqlite_file}"
    first = Database(url)
    second = first if same_process else Database(url)
    order: list[str] = []
    started = threading.Event()

    def write_second() -> None:
        started.set()
        with second.transaction() as session:
            row = records.read_setting(session, "n")
            order.append(row.value if row else "nothing")
            records.write_setting(session, "n", "second", START)

    thread = threading.Thread(target=write_second)
    with first.transaction() as session:
        records.read_setting(session, "n")
        thread.start()
        started.wait()
        records.write_setting(session, "n", "first", START)
        session.flush()
        order.append("first writes")
    thread.join(30)
    assert order == ["first writes", "first"]


def test_a_failing_transaction_leaves_nothing(portal: Portal) -> None:
    with pytest.raises(RuntimeError), portal.database.transaction() as session:
        records.write_setting(session, "half", "done", START)
        session.flush()
        raise RuntimeError
    with portal.database.reading() as session:
        assert records.read_setting(session, "half") is None


def test_what_a_reading_session_changes_is_thrown_away(portal: Portal) -> None:
    with portal.database.reading() as session:
        records.write_setting(session, "half", "done", START)
        session.flush()
    with portal.database.reading() as session:
        assert records.read_setting(session, "half") is None


def test_a_transaction_is_still_possible_after_a_failed_one(portal: Portal) -> None:
    with pytest.raises(RuntimeError), portal.database.transaction():
        raise RuntimeError
    with portal.database.transaction() as session:
        records.write_setting(session, "a", "1", START)
    with portal.database.reading() as session:
        assert records.read_setting(session, "a") is not None


@pytest.mark.parametrize(
    "error", [exc.OperationalError("secret", {}, Exception()), exc.InterfaceError("secret", {}, Exception()),
              exc.TimeoutError("pool")]
)  # fmt: skip
@pytest.mark.parametrize("kind", ["reading", "transaction"])
def test_an_unreachable_database_is_one_error(sqlite_file: Path, kind: str, error: Exception) -> None:
    database = Database(f"sqlite:///{sqlite_file}")
    with pytest.raises(StorageUnavailable) as refusal, getattr(database, kind)():
        raise error
    assert "secret" not in refusal.value.message


def test_a_constraint_broken_is_not_taken_for_an_outage(portal: Portal) -> None:
    with pytest.raises(exc.IntegrityError), portal.database.transaction() as session:
        session.connection().execute(
            text("INSERT INTO settings (name, value, updated_at) VALUES ('a', NULL, NULL)")
        )


def test_a_foreign_key_holds(portal: Portal) -> None:
    with pytest.raises(exc.IntegrityError), portal.database.transaction() as session:
        session.connection().execute(
            text(
                "INSERT INTO sessions (digest, user_id, address, created_at, last_seen_at, expires_at)"
                " VALUES ('d', 'nobody', '', :t, :t, :t)"
            ),
            {"t": START},
        )


def test_a_named_lock_keeps_others_out_until_the_commit(portal: Portal) -> None:
    """On PostgreSQL the lock is advisory; on SQLite the transaction itself is it."""
    seen: list[str] = []
    started = threading.Event()

    def second() -> None:
        started.set()
        with portal.database.transaction() as session:
            module.take_lock(session, 1)
            seen.append("second")

    thread = threading.Thread(target=second)
    with portal.database.transaction() as session:
        module.take_lock(session, 1)
        thread.start()
        started.wait()
        seen.append("first")
    thread.join(30)
    assert seen == ["first", "second"]


def test_an_error_of_the_database_shows_no_parameters(portal: Portal) -> None:
    with pytest.raises(exc.IntegrityError) as error, portal.database.transaction() as session:
        for _ in range(2):
            session.connection().execute(
                text("INSERT INTO settings (name, value, updated_at) VALUES ('a', :v, :t)"),
                {"v": "cAnArY9f3e", "t": START},
            )
    assert "cAnArY9f3e" not in str(error.value)
