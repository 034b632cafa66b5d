"""A restore that is refused, fails or is killed leaves the database that was there."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from keyportal.domain.errors import BackupFailed, BackupRefused, Forbidden, RestoreRefused
from keyportal.domain.principals import Principal
from keyportal.persistence import copies
from keyportal.persistence.replacing import _File, _Tables
from keyportal.services import restoring
from keyportal.services.portal import Portal
from keyportal.services.recovery_sheet import sheet_of
from keyportal.services.start_up import open_portal
from keyportal.settings import ROOT, Settings
from tests.conftest import person
from tests.services.backup_support import (
    add_server,
    back_up,
    downgrade,
    fill,
    names_in,
    put_back,
    rows_in,
)
from tests.services.support import save
from tests.support import FakeClock, clean_environment, make_settings

# Restores, and kills itself in the middle of the last step.
_KILLED = """
import os, signal, sqlite3, sys
from contextlib import closing
from pathlib import Path
from keyportal.persistence import replacing
from tests.services.backup_support import put_back
from tests.support import make_settings

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def overwrite(target, file):
    target._connection.execute("PRAGMA cache_size=5")
    with closing(sqlite3.connect(file)) as source:
        halfway = lambda _, left, total: left < total / 2 and die()
        source.backup(target._connection, pages=40, progress=halfway)

replacing._File.replace_with = overwrite
replacing._Tables._number_events = die
values = {"DATABASE_URL": sys.argv[2]} if sys.argv[2] else {}
put_back(make_settings(Path(sys.argv[1]), **values), Path(sys.argv[3]))
"""


@pytest.fixture
def backup(portal: Portal, tmp_path: Path) -> Path:
    """A backup, and something that was saved after it."""
    fill(portal)
    file = back_up(portal, tmp_path / "b.db").file
    save(portal, person(portal, "alice"), "saved after the backup")
    return file


def saved_before(settings: Settings) -> list[str]:
    return [name for name in names_in(settings.data_dir) if name.startswith("before-restore")]


def assert_refused(settings: Settings, file: Path, words: str) -> None:
    """A refusal comes before anything is touched."""
    before = rows_in(settings.database_url)
    with pytest.raises((RestoreRefused, BackupRefused), match=words):
        put_back(settings, file)
    assert rows_in(settings.database_url) == before and saved_before(settings) == []


def test_a_running_server_is_named_and_the_restore_refused(portal: Portal, backup: Path) -> None:
    add_server(portal)
    portal.close()
    assert_refused(portal.settings, backup, "portal 1 on h")


def test_a_server_that_was_killed_is_forgotten_after_a_minute(portal: Portal, backup: Path) -> None:
    add_server(portal, ago=timedelta(seconds=61))
    portal.close()
    assert put_back(portal.settings, backup).former is not None


def test_another_process_with_the_database_open_is_enough_to_refuse(
    portal: Portal, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyportal.persistence.replacing._WAIT_S", 0.2)
    portal.close()
    with portal.database.transaction() as session:
        session.connection().exec_driver_sql("SELECT count(*) FROM users")
        with pytest.raises(RestoreRefused, match="Another process"):
            put_back(portal.settings, backup)
    assert saved_before(portal.settings) == []


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
def test_damage_is_found_before_anything_is_touched(portal: Portal, backup: Path) -> None:
    portal.close()
    sheet, content = sheet_of(backup), backup.read_bytes()
    backup.write_bytes(content[:-1] + b"x")
    assert_refused(portal.settings, backup, "not the file its recovery sheet")
    sheet.unlink()
    backup.write_bytes(content[: len(content) // 2])
    assert_refused(portal.settings, backup, "damaged")
    backup.write_bytes(b"hello")
    assert_refused(portal.settings, backup, "no backup|not a database")


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
def test_a_backup_of_a_newer_release_is_refused(portal: Portal, backup: Path) -> None:
    portal.close()
    with closing(sqlite3.connect(backup)) as content:
        content.execute("UPDATE alembic_version SET version_num = '9999'")
        content.commit()
    sheet_of(backup).unlink()
    assert_refused(portal.settings, backup, "newer release")


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
def test_the_portals_own_database_is_no_backup(portal: Portal) -> None:
    assert_refused(portal.settings, database_file(portal), "own database")


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
def test_only_the_operator_restores(portal: Portal, root: Principal, backup: Path) -> None:
    with pytest.raises(Forbidden), restoring.looked_at(portal.settings, root, backup):
        pass


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
def test_a_refusal_leaves_a_place_without_a_database_empty(portal: Portal, backup: Path) -> None:
    settings = make_settings(backup.parent / "empty")
    sheet_of(backup).write_text(sheet_of(backup).read_text().replace("SHA-256       ", "SHA-256       0"))
    backup.write_bytes(backup.read_bytes()[:5000])
    with pytest.raises(RestoreRefused):
        put_back(settings, backup)
    assert names_in(settings.data_dir) == []


def test_an_older_backup_is_migrated_before_it_is_put_in_place(portal: Portal, backup: Path) -> None:
    portal.close()
    downgrade(backup, "0005")
    sheet_of(backup).unlink()
    put_back(portal.settings, backup)
    there = open_portal(portal.settings, FakeClock())
    there.close()


def test_a_database_of_a_newer_release_is_replaced_only_where_it_can_be_saved(
    portal: Portal, backup: Path
) -> None:
    with portal.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    portal.close()
    if portal.database.is_sqlite:
        former = put_back(portal.settings, backup).former
        assert former and copies.revision_of(former) == "9999"
        return
    with pytest.raises(RestoreRefused, match="Restore into an empty database"):
        put_back(portal.settings, backup)


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
def test_a_file_that_is_no_database_is_set_aside_with_its_log(portal: Portal, backup: Path) -> None:
    file, log = database_file(portal), Path(f"{database_file(portal)}-wal")
    file.write_bytes(b"junk" * 5000)
    log.write_bytes(b"a log of before")
    former = put_back(portal.settings, backup).former
    assert former and former.read_bytes() == b"junk" * 5000
    assert Path(f"{former}-wal").read_bytes() == b"a log of before" and not log.exists()
    assert_restored(portal)


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
def test_a_database_that_was_cut_off_is_set_aside_as_it_is(portal: Portal, backup: Path) -> None:
    file = database_file(portal)
    rest = file.read_bytes()[:9000]
    file.write_bytes(rest)
    former = put_back(portal.settings, backup).former
    assert former and former.read_bytes() == rest
    assert_restored(portal)


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
def test_a_log_without_its_database_does_not_get_into_the_restored_one(portal: Portal, backup: Path) -> None:
    with portal.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE users SET name = 'from the log'")
    log = Path(f"{database_file_of(portal)}-wal")
    left = log.read_bytes()
    assert b"from the log" in left
    database_file(portal).unlink()
    log.write_bytes(left)
    put_back(portal.settings, backup)
    assert_restored(portal)


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
@pytest.mark.parametrize("content", [b"", b"junk" * 5000], ids=["a good file", "a broken file"])
def test_a_link_to_the_database_stays_one_and_the_file_its_owners(
    portal: Portal, backup: Path, content: bytes
) -> None:
    link, file = database_file(portal), portal.settings.data_dir / "disk" / "real.db"
    file.parent.mkdir()
    link.rename(file)
    link.symlink_to(file)
    if content:
        file.write_bytes(content)
    os.chown(file, 1234, 1234)
    put_back(portal.settings, backup)
    found = file.stat()
    assert link.is_symlink() and (found.st_uid, found.st_gid, found.st_mode & 0o777) == (1234, 1234, 0o600)
    assert "saved after the backup" not in str(rows_in(portal.settings.database_url)["credentials"])


def database_file_of(portal: Portal) -> Path:
    return copies.file_of(portal.settings.database_url)


def database_file(portal: Portal) -> Path:
    """Return the file, which nobody has open."""
    portal.close()
    return database_file_of(portal)


def assert_restored(portal: Portal) -> None:
    open_portal(portal.settings, FakeClock()).close()
    found = str(rows_in(portal.settings.database_url))
    assert "for all" in found and "saved after the backup" not in found and "from the log" not in found
    assert copies.damage_of(database_file_of(portal)) == ""


def test_a_restore_that_is_killed_leaves_what_was_there(portal: Portal, backup: Path) -> None:
    portal.close()
    before = rows_in(portal.settings.database_url)
    url = "" if portal.database.is_sqlite else portal.settings.database_url
    arguments = (str(portal.settings.data_dir), url, str(backup))
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, *arguments], cwd=ROOT, env=clean_environment(), check=False
    )
    assert done.returncode == -signal.SIGKILL
    if portal.database.is_sqlite:
        assert "keyportal.db-journal" in names_in(portal.settings.data_dir)
    assert rows_in(portal.settings.database_url) == before
    if portal.database.is_sqlite:
        assert copies.damage_of(copies.file_of(portal.settings.database_url)) == ""
    # And it can be done again.
    assert put_back(portal.settings, backup).former is not None


def test_a_restore_that_fails_leaves_what_was_there(
    portal: Portal, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.close()
    before = rows_in(portal.settings.database_url)

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("cAnArY9f3e")

    monkeypatch.setattr("keyportal.persistence.replacing._File.replace_with", fail)
    monkeypatch.setattr("keyportal.persistence.replacing._Tables._number_events", fail)
    with pytest.raises(BackupFailed, match="as it was") as refusal:
        put_back(portal.settings, backup)
    assert "cAnArY9f3e" not in refusal.value.message
    assert rows_in(portal.settings.database_url) == before


def test_events_go_on_after_a_restore_was_rolled_back(
    portal: Portal, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sequence that was set outside the transaction would give numbers that are taken."""
    portal.close()
    ends_with(monkeypatch, _Tables, "replace_with")
    ends_with(monkeypatch, _File, "save_to")
    with pytest.raises(ZeroDivisionError):
        put_back(portal.settings, backup)
    save(portal, person(portal, "alice"), "still here")


def ends_with(monkeypatch: pytest.MonkeyPatch, kind: type, step: str) -> None:
    """Have a restore fail once a step of it is done."""
    done = getattr(kind, step)

    def do(*arguments: object) -> None:
        done(*arguments)
        raise ZeroDivisionError

    monkeypatch.setattr(kind, step, do)
