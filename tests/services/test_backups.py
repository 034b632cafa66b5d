"""Making a backup: whole, private, while everything goes on, or not at all."""

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from keyportal.domain.audit import Action, Result
from keyportal.domain.errors import BackupFailed, BackupRefused, Forbidden
from keyportal.domain.principals import Principal
from keyportal.persistence import copies, records
from keyportal.services import backups
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person
from tests.services.backup_support import (
    AWS_SECRET,
    TOKEN,
    back_up,
    files_no_larger_than,
    fill,
    names_in,
    rows_in,
)
from tests.services.encryption_support import BEHIND
from tests.services.support import VALUE, events, save
from tests.support import ENCRYPTION_KEY, OTHER_KEY


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Where backups are put."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


def test_a_backup_is_one_database_of_sqlite_with_every_row(portal: Portal, shelf: Path) -> None:
    fill(portal)
    made = back_up(portal, shelf / "b.db")
    there = rows_in(portal.settings.database_url)
    # Noted once the backup is there: what it is about cannot be in it.
    there["settings"] = [row for row in there["settings"] if row[0] != backups._LAST]
    assert rows_in(copies.url_of(made.file)) == there


def test_a_backup_and_its_sheet_are_their_owners_alone_and_nothing_else_is_left(
    portal: Portal, shelf: Path
) -> None:
    made = back_up(portal, shelf / "b.db")
    assert names_in(shelf) == ["b.db", "b.db.recovery.txt"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in (made.file, made.sheet)} == {0o600}


def test_a_backup_holds_its_own_event_and_the_portal_knows_of_it(portal: Portal, shelf: Path) -> None:
    made = back_up(portal, shelf / "b.db")
    last = events(portal)[-1]
    assert (last.action, last.result, last.object_label) == (Action.BACKUP_CREATE, Result.OK, "b.db")
    with closing(sqlite3.connect(made.file)) as copy:
        assert copy.execute("SELECT uid FROM audit_events ORDER BY id DESC").fetchone() == (last.uid,)
    with portal.database.reading() as session:
        noted = records.read_setting(session, backups._LAST)
    assert noted and json.loads(noted.value) == {"at": portal.clock.now().isoformat(), "file": "b.db"}


def test_in_a_folder_a_backup_is_named_by_the_time(portal: Portal, shelf: Path) -> None:
    assert back_up(portal, shelf).file == shelf / "keyportal-20261121-120000.db"


def test_the_sheet_says_which_keys_are_needed_and_how_many_values_need_each(
    make_portal: MakePortal, shelf: Path
) -> None:
    former = make_portal()
    fill(former)
    portal = make_portal(**BEHIND)
    save(portal, person(portal, "alice"), "new")
    made = back_up(portal, shelf / "b.db")
    old, new = former.keyring.current.id, portal.keyring.current.id
    # Four keys of the former, and what verifies its part of the trail is kept under the new one.
    assert made.values == {old: 4, new: 2}
    lines = made.sheet.read_text().splitlines()
    assert f"{old}      4 values" in lines and f"{new}      2 values, the current one" in lines
    assert f"audit events  {len(events(portal))}" in lines


@pytest.mark.parametrize("path", ["b.db", "b.db.recovery.txt"])
def test_nothing_is_ever_overwritten(portal: Portal, shelf: Path, path: str) -> None:
    (shelf / path).write_text("mine")
    with pytest.raises(BackupRefused):
        back_up(portal, shelf / "b.db")
    assert [(file.name, file.read_text()) for file in shelf.iterdir()] == [(path, "mine")]


def test_a_folder_that_is_not_there_is_said(portal: Portal, shelf: Path) -> None:
    with pytest.raises(BackupFailed, match="no such folder"):
        back_up(portal, shelf / "nowhere" / "b.db")


def test_a_full_disk_leaves_no_half_backup_and_the_trail_says_so(portal: Portal, shelf: Path) -> None:
    with portal.database.transaction() as session:
        records.write_setting(session, "large", "x" * 3_000_000, portal.clock.now())
    if portal.database.is_sqlite:
        with closing(sqlite3.connect(copies.file_of(portal.settings.database_url))) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with files_no_larger_than(1_000_000), pytest.raises(BackupFailed, match="could not be read or written"):
        back_up(portal, shelf / "b.db")
    assert names_in(shelf) == []
    assert [event.result for event in events(portal)[-2:]] == [Result.OK, Result.FAILED]


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
def test_a_damaged_database_gives_no_backup(portal: Portal, shelf: Path) -> None:
    with portal.database.transaction() as session:
        session.connection().exec_driver_sql("PRAGMA writable_schema=ON")
        session.connection().exec_driver_sql("DELETE FROM sqlite_master WHERE name = 'ix_users_name'")
    with pytest.raises(BackupRefused, match="damaged"):
        back_up(portal, shelf / "b.db")
    assert names_in(shelf) == []


def test_nothing_readable_is_in_a_backup_or_on_its_sheet(portal: Portal, shelf: Path) -> None:
    fill(portal)
    made = back_up(portal, shelf / "b.db")
    content, sheet = made.file.read_bytes(), made.sheet.read_bytes()
    for secret in (VALUE, AWS_SECRET, TOKEN, "anything at all", ENCRYPTION_KEY, OTHER_KEY):
        assert secret.encode() not in content + sheet
    for name in ("alice", "Schlüssel", "bot", "for all"):
        assert name.encode() not in sheet


def test_only_the_operator_makes_backups(portal: Portal, root: Principal, shelf: Path) -> None:
    with pytest.raises(Forbidden):
        backups.create(portal, root, shelf / "b.db")
    assert names_in(shelf) == []


def test_a_database_of_an_older_release_is_left_to_that_release(portal: Portal) -> None:
    with portal.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0005'")
    with pytest.raises(BackupRefused, match="0005"):
        backups.require_present_schema(portal.settings)


def test_a_name_that_was_taken_meanwhile_is_left_to_whoever_took_it(
    portal: Portal, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = backups._write

    def write_late(file: Path, text: str) -> None:
        write(file, text)
        (shelf / "b.db.recovery.txt").write_text("mine")

    monkeypatch.setattr(backups, "_write", write_late)
    with pytest.raises(BackupRefused):
        back_up(portal, shelf / "b.db")
    assert names_in(shelf) == ["b.db.recovery.txt"]
    assert (shelf / "b.db.recovery.txt").read_text() == "mine"


def test_a_backup_can_be_written_where_a_file_has_one_name_only(
    portal: Portal, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on the file systems of memory sticks."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("keyportal.services.backups.os.link", refuse)
    assert back_up(portal, shelf / "b.db").size == (shelf / "b.db").stat().st_size
    assert names_in(shelf) == ["b.db", "b.db.recovery.txt"]
