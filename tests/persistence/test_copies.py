"""Whole copies of a database: of one moment, whoever writes meanwhile, and each by itself on the disk."""

import os
import sqlite3
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from keyportal.persistence import copies
from keyportal.persistence.tables import AttemptRow, SettingRow, UsageDayRow
from keyportal.services.portal import Portal
from tests.services.backup_support import files_no_larger_than, names_in
from tests.services.support import run_sql
from tests.support import START

_ALL = 1000


@pytest.fixture
def purses(portal: Portal) -> Portal:
    """A thousand coins in two tables, none of which is ever lost."""
    with portal.database.transaction() as session:
        session.add(SettingRow(name="purse", value="0", updated_at=START))
        session.add(AttemptRow(key="purse", count=_ALL, window_ends_at=START))
    return portal


def coins_in(session: Session) -> tuple[int, int]:
    setting = session.exec(select(SettingRow.value).where(SettingRow.name == "purse")).one()
    return int(setting), session.exec(select(AttemptRow.count).where(AttemptRow.key == "purse")).one()


def pass_coins_on(portal: Portal, stop: threading.Event) -> None:
    passed = 0
    while not stop.is_set():
        passed += 1
        with portal.database.transaction() as session:
            run_sql(session, "UPDATE settings SET value = :n WHERE name = 'purse'", n=str(passed % _ALL))
            run_sql(session, "UPDATE attempts SET count = :n WHERE key = 'purse'", n=_ALL - passed % _ALL)


def test_a_copy_is_of_one_moment_while_others_write(purses: Portal, tmp_path: Path) -> None:
    stop = threading.Event()
    writer = threading.Thread(target=pass_coins_on, args=(purses, stop))
    writer.start()
    found = []
    try:
        for number in range(6):
            file = tmp_path / f"copy{number}"
            copies.copy_database(purses.settings.database_url, file)
            with copies.reading(file) as session:
                found.append(coins_in(session))
    finally:
        stop.set()
        writer.join()
    assert [sum(coins) for coins in found] == [_ALL] * 6
    # Somebody did write meanwhile.
    assert len(set(found)) > 1


@pytest.mark.parametrize("database_template", ["postgresql"], indirect=True)
def test_what_is_written_between_two_tables_is_left_out_and_does_not_wait(
    purses: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of SQLite is copied in one step; PostgreSQL is read table by table."""
    copy_table, read = copies._copy_table, list[str]()

    def copy_and_write(source: Connection, target: Connection, table: Table) -> None:
        copy_table(source, target, table)
        read.append(table.name)
        with purses.database.transaction() as session:
            run_sql(session, "UPDATE settings SET value = '7' WHERE name = 'purse'")
            run_sql(session, "UPDATE attempts SET count = count + 1 WHERE key = 'purse'")

    monkeypatch.setattr(copies, "_copy_table", copy_and_write)
    copies.copy_database(purses.settings.database_url, tmp_path / "copy")
    with copies.reading(tmp_path / "copy") as session:
        assert coins_in(session) == (0, _ALL)
    assert {"settings", "attempts"} < set(read)


def test_moments_days_and_flags_are_the_same_to_the_last_digit(portal: Portal, tmp_path: Path) -> None:
    moment = datetime(2026, 2, 3, 4, 5, 6, 789_123, tzinfo=UTC)
    used = UsageDayRow(
        day=date(2024, 2, 29), provider="p", source="s", credential_id="c", agent_key_id="", count=2**53 + 1
    )
    with portal.database.transaction() as session:
        session.add(SettingRow(name="m", value="\u2028 \U0001f511 \\ \" ' \t\r\n", updated_at=moment))
        session.add(used.model_copy())
    copies.copy_database(portal.settings.database_url, tmp_path / "copy")
    with copies.reading(tmp_path / "copy") as session:
        row = session.get_one(SettingRow, "m")
        assert (row.value, row.updated_at) == ("\u2028 \U0001f511 \\ \" ' \t\r\n", moment)
        assert session.exec(select(UsageDayRow)).one() == used


def test_a_large_table_is_copied_whole_in_many_batches(portal: Portal, tmp_path: Path) -> None:
    numbers = [{"key": f"{n:05}", "count": n, "at": START} for n in range(2_501)]
    with portal.database.transaction() as session:
        session.connection().execute(
            text("INSERT INTO attempts (key, count, window_ends_at) VALUES (:key, :count, :at)"), numbers
        )
    copies.copy_database(portal.settings.database_url, tmp_path / "copy")
    with copies.reading(tmp_path / "copy") as session:
        assert session.exec(select(AttemptRow.count).order_by(AttemptRow.key)).all() == list(range(2_501))


def test_a_copy_is_one_private_file_and_sound(portal: Portal, tmp_path: Path) -> None:
    folder = tmp_path / "a folder? with #signs %20"
    folder.mkdir()
    file = folder / "copy?.db"
    before = os.umask(0)
    try:
        copies.copy_database(portal.settings.database_url, file)
    finally:
        os.umask(before)
    assert [entry.name for entry in folder.iterdir()] == [file.name]
    assert (file.stat().st_mode & 0o777, copies.damage_of(file)) == (0o600, "")
    assert copies.revision_of(file) is not None and [entry.name for entry in folder.iterdir()] == [file.name]


def test_a_copy_never_takes_a_name_that_is_taken(portal: Portal, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(FileExistsError):
        copies.copy_database(portal.settings.database_url, tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_copy_that_cannot_be_finished_leaves_nothing(portal: Portal, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    with files_no_larger_than(100_000), pytest.raises((sqlite3.Error, SQLAlchemyError)):
        copies.copy_database(portal.settings.database_url, shelf / "copy")
    assert names_in(shelf) == []
