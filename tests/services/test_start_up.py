"""Refusing before anything listens: keys, schema, data directory, database."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from keyportal.domain.errors import UnusableSetting
from keyportal.persistence import processes
from keyportal.persistence.tables import ProcessRow
from keyportal.services import policies
from keyportal.services.portal import Portal
from keyportal.services.start_up import open_portal
from keyportal.settings import settings_from
from tests.conftest import MakePortal, person
from tests.services.support import run_sql, save
from tests.support import ENCRYPTION_KEY, OTHER_KEY, FakeClock, make_settings

KEY = "API_KEY_ENCRYPTION_KEY"


def key_ids(portal: Portal) -> list[str]:
    with portal.database.reading() as session:
        return list(run_sql(session, "SELECT key_id FROM encryption_keys ORDER BY created_at").scalars())


def test_a_missing_key_stops_the_start_before_anything_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with pytest.raises(UnusableSetting) as refusal:
        open_portal(settings_from({"KEYPORTAL_DATA_DIR": str(folder)}))
    assert (refusal.value.setting, folder.exists()) == (KEY, False)


def test_a_wrong_key_stops_the_start_naming_key_ids_only(make_portal: MakePortal) -> None:
    right = make_portal().keyring.current.id
    with pytest.raises(UnusableSetting) as refusal:
        make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY)
    assert refusal.value.setting == KEY and right in refusal.value.message
    assert OTHER_KEY not in refusal.value.message and ENCRYPTION_KEY not in refusal.value.message


def test_a_wrong_key_plants_no_canary(make_portal: MakePortal) -> None:
    with pytest.raises(UnusableSetting):
        make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY)
    portal = make_portal()
    assert key_ids(portal) == [portal.keyring.current.id]


def test_the_former_key_as_a_previous_one_is_accepted(make_portal: MakePortal) -> None:
    former = make_portal().keyring.current.id
    portal = make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY, API_KEY_ENCRYPTION_KEY_PREVIOUS=ENCRYPTION_KEY)
    assert set(key_ids(portal)) == {former, portal.keyring.current.id}


def test_a_forgotten_previous_key_stops_the_start(make_portal: MakePortal) -> None:
    make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY, API_KEY_ENCRYPTION_KEY_PREVIOUS=ENCRYPTION_KEY)
    with pytest.raises(UnusableSetting, match="written with"):
        make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY)


def test_a_key_put_in_front_is_taken_back_while_nothing_was_written_with_it(make_portal: MakePortal) -> None:
    first = make_portal()
    make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY, API_KEY_ENCRYPTION_KEY_PREVIOUS=ENCRYPTION_KEY)
    assert key_ids(make_portal()) == [first.keyring.current.id]


def test_a_key_that_a_running_server_holds_is_not_taken_back(
    make_portal: MakePortal, clock: FakeClock
) -> None:
    """It may seal with it the next moment."""
    front = make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY, API_KEY_ENCRYPTION_KEY_PREVIOUS=ENCRYPTION_KEY)
    now, key_id = clock.now(), front.keyring.current.id
    server = ProcessRow(
        kind="api", host="far", pid=7, key_ids=[key_id], current_key_id=key_id, started_at=now, seen_at=now
    )
    with front.database.transaction() as session:
        processes.announce(session, server)
    with pytest.raises(UnusableSetting, match=key_id):
        make_portal()


@pytest.mark.parametrize("act", ["seals", "writes an event"])
def test_a_key_that_was_used_once_cannot_be_left_out(make_portal: MakePortal, act: str) -> None:
    front = make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY, API_KEY_ENCRYPTION_KEY_PREVIOUS=ENCRYPTION_KEY)
    if act == "seals":
        save(front, person(front, "alice"))
    else:
        policies.change_policies(front, person(front, "root"), {"failover": True})
    with pytest.raises(UnusableSetting, match=front.keyring.current.id):
        make_portal()


def test_a_damaged_canary_stops_the_start(make_portal: MakePortal) -> None:
    portal = make_portal()
    with portal.database.transaction() as session:
        run_sql(session, "UPDATE encryption_keys SET canary = :b", b=b"\x01" + b"\x00" * 60)
    with pytest.raises(UnusableSetting, match="canary"):
        make_portal()


def test_a_canary_of_another_key_id_does_not_pass(make_portal: MakePortal) -> None:
    portal = make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY, API_KEY_ENCRYPTION_KEY_PREVIOUS=ENCRYPTION_KEY)
    one, other = key_ids(portal)
    with portal.database.transaction() as session:
        run_sql(
            session,
            "UPDATE encryption_keys SET canary = (SELECT canary FROM encryption_keys WHERE key_id = :o)"
            " WHERE key_id = :k",
            k=one,
            o=other,
        )
    with pytest.raises(UnusableSetting, match="canary"):
        make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY, API_KEY_ENCRYPTION_KEY_PREVIOUS=ENCRYPTION_KEY)


def test_a_newer_schema_is_refused_and_left_alone(make_portal: MakePortal) -> None:
    portal = make_portal()
    with portal.database.transaction() as session:
        run_sql(session, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UnusableSetting, match="newer release"):
        make_portal()
    with portal.database.reading() as session:
        assert run_sql(session, "SELECT version_num FROM alembic_version").scalar() == "9999"


def test_starting_again_changes_nothing(make_portal: MakePortal) -> None:
    first, second = make_portal(), make_portal()
    assert key_ids(first) == key_ids(second) == [first.keyring.current.id]


@pytest.mark.parametrize("there", [False, True])
def test_the_data_directory_is_its_owners_alone(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "some" / "data"
    if there:
        folder.mkdir(parents=True)
        folder.chmod(0o755)
    open_portal(make_settings(folder)).close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_in_place_of_the_data_directory_is_named_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.touch(mode=0o644)
    with pytest.raises(UnusableSetting) as refusal:
        open_portal(make_settings(file))
    assert (refusal.value.setting, stat.S_IMODE(file.stat().st_mode)) == ("KEYPORTAL_DATA_DIR", 0o644)


@pytest.mark.parametrize("repeat", range(10))
def test_several_starts_at_once_on_nothing_agree(tmp_path: Path, repeat: int) -> None:
    settings = make_settings(tmp_path / f"data{repeat}")
    with ThreadPoolExecutor(4) as pool:
        portals = list(pool.map(lambda _: open_portal(settings), range(4)))
    assert key_ids(portals[0]) == [portals[0].keyring.current.id]
    for portal in portals:
        portal.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:cAnArY@127.0.0.1:1/db",
        "postgresql://u:pa@ss:cAnArY/db",
        "postgresql://u:p@h:cAnArY/db",
        "postgresql://[cAnArY",
        "sqlite:////nowhere/cAnArY/portal.db",
    ],
)
def test_an_unusable_database_is_refused_by_name_without_its_url(tmp_path: Path, url: str) -> None:
    with pytest.raises(UnusableSetting) as refusal:
        open_portal(make_settings(tmp_path, DATABASE_URL=url))
    assert refusal.value.setting == "DATABASE_URL" and "cAnArY" not in refusal.value.message
    assert refusal.value.__suppress_context__


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keyportal.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(UnusableSetting, match=r"^DATABASE_URL"):
        open_portal(make_settings(tmp_path))


def test_an_unknown_provider_in_the_settings_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(UnusableSetting, match=r"^KEYPORTAL_BASE_URL_NOBODY"):
        open_portal(make_settings(tmp_path, KEYPORTAL_BASE_URL_NOBODY="https://x.example"))
