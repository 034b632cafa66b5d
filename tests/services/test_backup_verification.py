"""Looking whether a backup can be relied on: it is not changed by that, and what is wrong is said."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from keyportal.domain.errors import BackupRefused, Forbidden, UnusableSetting
from keyportal.domain.principals import Principal
from keyportal.services.backup_verification import (
    BackupFinding,
    configured_keyring,
    keyring_from_file,
    keyring_from_text,
    verify,
)
from keyportal.services.portal import Portal
from keyportal.services.recovery_sheet import sheet_of
from keyportal.vault.keyring import Keyring
from tests.conftest import MakePortal
from tests.services.backup_support import OPERATOR, back_up, downgrade, fill
from tests.services.encryption_support import BEHIND, rotate
from tests.support import ENCRYPTION_KEY, OTHER_KEY

# A backup is the same kind of file whatever it was made from; what only looks into the file runs once.
as_a_file = pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
PARTS = [
    "file",
    "database",
    "schema",
    "what it holds",
    "encryption keys",
    "API keys",
    "keys of the audit trail",
    "audit trail",
]


@pytest.fixture
def backup(portal: Portal, tmp_path: Path) -> Path:
    fill(portal)
    return back_up(portal, tmp_path / "b.db").file


def looked(portal: Portal, backup: Path, keyring: Keyring | None = None) -> dict[str, BackupFinding]:
    keyring = keyring or configured_keyring(portal.settings)
    return {finding.part: finding for finding in verify(portal.settings, OPERATOR, backup, keyring)}


def bad(portal: Portal, backup: Path, keyring: Keyring | None = None) -> dict[str, str]:
    found = looked(portal, backup, keyring).values()
    return {finding.part: finding.words for finding in found if not finding.is_ok}


def test_a_good_backup_is_found_good_in_every_part(portal: Portal, backup: Path) -> None:
    found = looked(portal, backup)
    assert list(found) == PARTS and all(finding.is_ok for finding in found.values())
    assert found["API keys"].words == "4 open"
    assert found["audit trail"].words.endswith("events, unbroken")


@as_a_file
def test_looking_changes_nothing_and_leaves_nothing_behind(portal: Portal, backup: Path) -> None:
    backup.parent.chmod(0o500)
    before, there = (backup.read_bytes(), backup.stat().st_mtime_ns), set(backup.parent.iterdir())
    looked(portal, backup)
    assert (backup.read_bytes(), backup.stat().st_mtime_ns) == before
    assert set(backup.parent.iterdir()) == there


def test_another_key_opens_nothing_and_the_missing_one_is_named(portal: Portal, backup: Path) -> None:
    key_id = portal.keyring.current.id
    found = bad(portal, backup, keyring_from_text(OTHER_KEY, "--key-stdin"))
    assert set(found) == {"encryption keys", "API keys", "audit trail"}
    assert f"{key_id} (for 4 values)" in found["encryption keys"]
    assert found["API keys"] == f"0 open; closed without key id {key_id} (for 4 values)"


@as_a_file
def test_without_any_key_the_file_is_looked_at_and_the_needed_key_named(portal: Portal, backup: Path) -> None:
    found = verify(portal.settings, OPERATOR, backup, None)
    assert [finding.part for finding in found] == PARTS[:5]
    assert [finding.is_ok for finding in found] == [True] * 4 + [False]


def test_the_former_key_is_enough_for_a_backup_of_before_a_rotation(
    make_portal: MakePortal, tmp_path: Path
) -> None:
    portal = make_portal()
    fill(portal)
    old = back_up(portal, tmp_path / "old.db").file
    later = make_portal(**BEHIND)
    rotate(later)
    new = back_up(later, tmp_path / "new.db").file
    former, present = (keyring_from_text(key, "--key-stdin") for key in (ENCRYPTION_KEY, OTHER_KEY))
    assert (bad(later, old, former), bad(later, new, present)) == ({}, {})
    assert set(bad(later, old, present)) == {"encryption keys", "API keys", "audit trail"}
    assert set(bad(later, new, former)) == set(bad(later, old, present)) | {"keys of the audit trail"}


@as_a_file
@pytest.mark.parametrize("place", [0.3, 0.5, 0.7])
def test_a_flipped_bit_is_found(portal: Portal, backup: Path, place: float) -> None:
    content = bytearray(backup.read_bytes())
    content[int(len(content) * place)] ^= 0x10
    backup.write_bytes(content)
    assert "not the file" in bad(portal, backup)["file"]


@as_a_file
@pytest.mark.parametrize("rest", [0, 100, 4096, 200_000])
def test_a_file_that_was_cut_off_is_found_without_its_sheet(portal: Portal, backup: Path, rest: int) -> None:
    sheet_of(backup).unlink()
    backup.write_bytes(backup.read_bytes()[:rest])
    assert set(bad(portal, backup)) in ({"database"}, {"schema"})


@as_a_file
def test_a_damaged_value_is_counted_even_where_the_file_is_whole(portal: Portal, backup: Path) -> None:
    with closing(sqlite3.connect(backup)) as content:
        content.execute("UPDATE credentials SET sealed = zeroblob(60) WHERE name = 'for all'")
        content.execute("UPDATE credentials SET sealed = CAST(sealed || 'x' AS BLOB) WHERE name = 'General'")
        content.commit()
    sheet_of(backup).unlink()
    found = bad(portal, backup)
    assert found["API keys"].startswith("2 open; 1 damaged")
    assert "closed without key id 00000000 (for 1 value)" in found["API keys"]


@as_a_file
def test_a_changed_event_of_the_trail_is_located(portal: Portal, backup: Path) -> None:
    with closing(sqlite3.connect(backup)) as content:
        content.execute("UPDATE audit_events SET principal_label = 'nobody' WHERE id = 3")
        content.commit()
    assert "event 3 was changed" in bad(portal, backup)["audit trail"]


def test_a_backup_of_an_older_schema_is_brought_up_to_date_in_a_copy(portal: Portal, backup: Path) -> None:
    downgrade(backup, "0005")
    before = backup.read_bytes()
    sheet_of(backup).unlink()
    found = looked(portal, backup)
    assert list(found) == PARTS and found["schema"].words.startswith("revision 0005, brought up")
    assert all(finding.is_ok for finding in found.values()) and backup.read_bytes() == before


@as_a_file
def test_a_backup_of_a_newer_release_is_refused_by_name(portal: Portal, backup: Path) -> None:
    with closing(sqlite3.connect(backup)) as content:
        content.execute("UPDATE alembic_version SET version_num = '9999'")
        content.commit()
    assert "newer release (schema 9999)" in bad(portal, backup)["schema"]


@as_a_file
def test_a_backup_without_its_triggers_is_none(portal: Portal, backup: Path) -> None:
    with closing(sqlite3.connect(backup)) as content:
        content.execute("DROP TRIGGER users_changed_update")
    assert "lacks the trigger users_changed_update" in bad(portal, backup)["schema"]


@as_a_file
def test_a_backup_that_stands_at_two_revisions_is_none(portal: Portal, backup: Path) -> None:
    with closing(sqlite3.connect(backup)) as content:
        content.execute("INSERT INTO alembic_version VALUES ('0001')")
        content.commit()
    assert "stands at 2 revisions" in bad(portal, backup)["schema"]


@as_a_file
def test_what_is_no_backup_is_refused(portal: Portal, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    assert set(bad(portal, tmp_path / "text")) == {"database"}
    with closing(sqlite3.connect(tmp_path / "else")) as other:
        other.execute("CREATE TABLE t (x)")
    assert set(bad(portal, tmp_path / "else")) == {"schema"}
    for nothing in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(BackupRefused, match="no file"):
            looked(portal, nothing)


@as_a_file
def test_a_database_in_use_is_not_taken_for_a_backup(portal: Portal, backup: Path) -> None:
    with closing(sqlite3.connect(backup)) as copied:
        copied.execute("PRAGMA journal_mode=WAL")
        copied.execute("CREATE TABLE t (x)")
        with pytest.raises(BackupRefused, match="in use"):
            looked(portal, backup)


@as_a_file
def test_only_the_operator_verifies(portal: Portal, root: Principal, backup: Path) -> None:
    with pytest.raises(Forbidden):
        verify(portal.settings, root, backup, portal.keyring)


@pytest.mark.parametrize("joint", [",", "\n", "\r\n", ", ", "\nAPI_KEY_ENCRYPTION_KEY_PREVIOUS="], ids=repr)
def test_several_keys_are_read_as_lines_with_commas_or_as_in_the_settings_file(joint: str) -> None:
    keyring = keyring_from_text(f"API_KEY_ENCRYPTION_KEY={OTHER_KEY}{joint}{ENCRYPTION_KEY}\n", "--key-stdin")
    expected = Keyring(bytes.fromhex(OTHER_KEY), [bytes.fromhex(ENCRYPTION_KEY)])
    assert (keyring.current.id, keyring.ids) == (expected.current.id, expected.ids)


@pytest.mark.parametrize("text", ["", "abc", ENCRYPTION_KEY[:-1], f"{ENCRYPTION_KEY},x"], ids=range(4))
def test_what_is_no_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(UnusableSetting, match="--key-stdin: has to be exactly 64") as refusal:
        keyring_from_text(text, "--key-stdin")
    assert ENCRYPTION_KEY[:16] not in refusal.value.message


def test_a_key_file_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(ENCRYPTION_KEY)
    file.chmod(0o644)
    with pytest.raises(UnusableSetting, match="chmod 600"):
        keyring_from_file(file, "--key-file")
    file.chmod(0o600)
    assert keyring_from_file(file, "--key-file").holds(Keyring(bytes.fromhex(ENCRYPTION_KEY)).current.id)
    with pytest.raises(UnusableSetting, match="cannot be read"):
        keyring_from_file(tmp_path / "nowhere", "--key-file")
