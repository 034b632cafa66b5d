"""Doctor: each part in plain words, what to do where it is not well, and nothing changed."""

from collections import namedtuple
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from keyportal.domain.errors import StorageDamaged
from keyportal.domain.principals import Principal, operator_principal
from keyportal.domain.secret import Secret
from keyportal.persistence import records
from keyportal.services import audit_verification, credentials, doctor, own_files, trail_report
from keyportal.services.doctor import Finding, examine, in_units
from keyportal.services.portal import Portal
from keyportal.services.processes import serving
from tests.conftest import MakePortal, person
from tests.services.support import USER, run_sql, save, spoil
from tests.support import ENCRYPTION_KEY, OTHER_KEY, START, FakeClock, make_settings


def found(portal: Portal) -> dict[str, Finding]:
    return {finding.part: finding for finding in examine(portal.settings, portal.clock)}


def change(portal: Portal, statement: str, **values: object) -> None:
    with portal.database.transaction() as session:
        run_sql(session, statement, **values)


def test_a_healthy_portal_is_well_in_every_part(portal: Portal, alice: Principal) -> None:
    save(portal, alice)
    findings = found(portal)
    assert {part for part, finding in findings.items() if not finding.is_ok} == set()
    assert list(findings) == [
        "settings",
        "file modes",
        "data directory",
        "database",
        "schema",
        "rows",
        "encryption keys",
        "saved values",
        "audit trail",
        "clock",
        "servers",
        "last backup",
    ]
    assert findings["encryption keys"].advice == f"{portal.keyring.current.id} current, 1 value"
    assert findings["database"].advice.startswith(("SQLite 3.", "PostgreSQL 1"))


def test_it_changes_nothing(make_portal: MakePortal) -> None:
    portal = make_portal()
    if not portal.database.is_sqlite:
        pytest.skip("PostgreSQL has no file to compare")
    portal.close()
    file = Path(portal.database.engine.url.database or "")
    before = sha256(file.read_bytes()).digest()
    found(portal)
    assert sha256(file.read_bytes()).digest() == before


def test_no_database_yet_is_told_with_what_makes_it(tmp_path: Path) -> None:
    findings = examine(make_settings(tmp_path))
    assert (findings[-1].part, findings[-1].is_ok) == ("database", False)
    assert "serve" in findings[-1].advice and not (tmp_path / "keyportal.db").exists()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "newer release"),
        ("DELETE FROM alembic_version", "no revision"),
        ("DROP TABLE usage_reports", "lacks the column usage_reports.at"),
    ],
)
def test_a_schema_that_is_not_whole_is_told_and_nothing_behind_it(
    portal: Portal, statement: str, says: str
) -> None:
    change(portal, statement)
    findings = found(portal)
    assert (list(findings)[-1], findings["schema"].is_ok) == ("schema", False)
    assert says in findings["schema"].advice


def test_a_missing_key_is_named_with_how_much_needs_it(make_portal: MakePortal) -> None:
    portal = make_portal()
    save(portal, person(portal, "alice"))
    keys = {"API_KEY_ENCRYPTION_KEY": OTHER_KEY, "API_KEY_ENCRYPTION_KEY_PREVIOUS": ENCRYPTION_KEY}
    rotating = make_portal(**keys)
    told = found(rotating)["encryption keys"].advice
    assert f"{portal.keyring.current.id} previous, still needed" in told and "1 value" in told
    lacking = {**keys, "API_KEY_ENCRYPTION_KEY_PREVIOUS": ""}
    values = {"DATABASE_URL": portal.settings.database_url} if not portal.database.is_sqlite else {}
    settings = make_settings(portal.settings.data_dir, **{**values, **lacking})
    finding = next(f for f in examine(settings, portal.clock) if f.part == "encryption keys")
    assert (finding.is_ok, portal.keyring.current.id in finding.advice) == (False, True)
    assert OTHER_KEY not in finding.advice


def test_values_that_do_not_open_are_counted(portal: Portal, alice: Principal) -> None:
    save(portal, alice, name="another")
    spoil(portal, save(portal, alice).id)
    finding = found(portal)["saved values"]
    assert (finding.is_ok, finding.advice.startswith("1 value cannot be decrypted, ")) == (False, True)


def test_a_clock_that_was_put_back_is_noticed(portal: Portal, alice: Principal, clock: FakeClock) -> None:
    clock.advance(timedelta(hours=3))
    save(portal, alice)
    clock.advance(-timedelta(hours=2, minutes=30))
    finding = found(portal)["clock"]
    assert (finding.is_ok, "2 hours in the future" in finding.advice) == (False, True)


async def test_servers_are_told_and_who_lacks_the_current_key(make_portal: MakePortal) -> None:
    old = make_portal()
    async with serving(old, "portal"):
        assert "holds the current key" in found(old)["servers"].advice
        new = make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY, API_KEY_ENCRYPTION_KEY_PREVIOUS=ENCRYPTION_KEY)
        finding = found(new)["servers"]
    assert (finding.is_ok, "Restart them" in finding.advice) == (False, True)


def test_the_last_backup_is_told_with_its_age(portal: Portal, clock: FakeClock) -> None:
    value = f'{{"at": "{START.isoformat()}", "file": "monday.db"}}'
    with portal.database.transaction() as session:
        records.write_setting(session, "last_backup", value, clock.now())
    clock.advance(timedelta(days=3, hours=1))
    assert found(portal)["last backup"].advice == "monday.db, 3 days old"


def test_little_room_is_told_in_units_people_use(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage(12 * 1024 * 1024))
    finding = found(portal)["data directory"]
    assert (finding.is_ok, "only 12 MB are free" in finding.advice) == (False, True)


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 bytes"), (1536, "1.5 KB"), (5 * 1024**3, "5.0 GB"), (10**15, "909 TB")]
)
def test_sizes_are_said_as_people_say_them(size: int, words: str) -> None:
    assert in_units(size) == words


def test_a_file_others_can_read_is_named_with_its_chmod(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "settings.env"
    file.touch(mode=0o644)
    file.chmod(0o644)
    monkeypatch.setattr(own_files, "env_file", lambda: file)
    finding = found(portal)["file modes"]
    assert (finding.is_ok, f"chmod 600 {file}" in finding.advice) == (False, True)
    assert file.stat().st_mode & 0o777 == 0o644


def test_redis_that_is_away_is_one_part_of_many(make_portal: MakePortal) -> None:
    findings = found(make_portal(REDIS_URL="redis://127.0.0.1:1/0"))
    assert [part for part, finding in findings.items() if not finding.is_ok] == ["redis"]


def test_without_its_key_nothing_is_said_of_values_and_trail(make_portal: MakePortal) -> None:
    """Everything would look damaged, and somebody would hunt an intruder for a slip of the pen."""
    save(make_portal(), person(make_portal(), "alice"))
    wrong = replace(make_portal().settings, encryption_key=Secret(OTHER_KEY))
    findings = {finding.part: finding for finding in examine(wrong)}
    assert not findings["encryption keys"].is_ok and "clock" in findings
    assert not {"saved values", "audit trail"} & findings.keys()


def test_an_empty_file_is_left_empty_and_a_backup_recommended(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    file = tmp_path / "keyportal.db"
    file.touch(0o600)
    finding = examine(make_settings(tmp_path))[-1]
    assert (finding.part, finding.is_ok, "restore a backup" in finding.advice) == ("database", False, True)
    assert file.stat().st_size == 0


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
def test_a_text_that_is_none_is_found_and_called_damage(portal: Portal, alice: Principal) -> None:
    kept = save(portal, alice)
    change(portal, "UPDATE credentials SET name = CAST(x'ff4d696e65' AS TEXT)")
    with pytest.raises(StorageDamaged):
        credentials.get(portal, alice, USER, kept.id)
    finding = found(portal)["rows"]
    assert not finding.is_ok and "credentials" in finding.advice


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
@pytest.mark.parametrize("spoiled", ["details = '{bad'", "at = 'garbage'", "details = CAST(x'ff' AS TEXT)"])
def test_a_spoiled_event_is_told_with_its_number(portal: Portal, alice: Principal, spoiled: str) -> None:
    save(portal, alice)
    number = audit_verification.verify_chain(portal).last - 1
    change(portal, f"UPDATE audit_events SET {spoiled} WHERE id = {number}")
    assert audit_verification.verify_chain(portal).broken_at == number
    findings = found(portal)
    assert f"Event {number} was changed" in findings["audit trail"].advice
    assert not findings["rows"].is_ok and findings["saved values"].is_ok
    assert trail_report.verify_trail(portal, operator_principal()).broken is not None
