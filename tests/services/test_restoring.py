"""Putting a backup in the place of a database of either kind: everything is back, or nothing was touched."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keyportal.domain.audit import Action
from keyportal.domain.errors import NeedsReentry, UnusableSetting
from keyportal.domain.principals import Scope
from keyportal.persistence import copies
from keyportal.services import agent_keys, audit_verification, backup_verification
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.encryption_abandon import abandon
from keyportal.services.portal import Portal
from keyportal.services.resolution import resolve_key
from keyportal.services.start_up import open_portal
from keyportal.settings import Settings
from tests.conftest import MakePortal, person
from tests.services.backup_support import (
    AWS_SECRET,
    OPERATOR,
    PUT_RIGHT,
    TOKEN,
    add_server,
    back_up,
    fill,
    names_in,
    put_back,
    rows_in,
)
from tests.services.encryption_support import ALONE, BEHIND, rotate
from tests.services.support import VALUE, events, run_sql, save
from tests.support import FakeClock, PostgresTemplate, make_settings

Open = Callable[[Settings], Portal]
# Where a backup comes from is in none of its bytes; the first two tests show all four ways.
from_sqlite = pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)


@pytest.fixture
def open_it() -> Iterator[Open]:
    """Open portals on databases of their own."""
    opened: list[Portal] = []

    def open_one(settings: Settings) -> Portal:
        opened.append(open_portal(settings, FakeClock()))
        return opened[-1]

    yield open_one
    for portal in opened:
        portal.close()


@pytest.fixture(params=["into sqlite", "into postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Another deployment, with the same key and no database yet."""
    folder = tmp_path / "elsewhere"
    if request.param == "into sqlite":
        yield make_settings(folder)
        return
    template: PostgresTemplate = request.getfixturevalue("postgres")
    yield make_settings(folder, DATABASE_URL=template.empty())
    template.drop_clones()


@pytest.fixture
def backup(portal: Portal, tmp_path: Path) -> Path:
    fill(portal)
    return back_up(portal, tmp_path / "b.db").file


def test_every_row_is_as_it_was_in_either_kind_of_database(
    portal: Portal, backup: Path, elsewhere: Settings
) -> None:
    restored = put_back(elsewhere, backup)
    before, after = rows_in(copies.url_of(backup)), rows_in(elsewhere.database_url)
    assert restored.former is None and before.keys() == after.keys()
    assert {name: after[name] for name in after if name not in PUT_RIGHT} == {
        name: before[name] for name in before if name not in PUT_RIGHT
    }
    assert all(event in after["audit_events"] for event in before["audit_events"])


def test_every_value_opens_and_the_trail_holds_and_goes_on(
    portal: Portal, backup: Path, elsewhere: Settings, open_it: Open
) -> None:
    count = len(events(portal))
    put_back(elsewhere, backup)
    there = open_it(elsewhere)
    found = resolve_key(there, OPERATOR, "aws_transcribe", user="alice@example.com")
    assert (found.api_key.reveal(), found.fields["session_token"]) == (AWS_SECRET, TOKEN)
    assert resolve_key(there, OPERATOR, "openai", user="bob@example.com").api_key.reveal() == f"{VALUE}9"
    report = audit_verification.verify_chain(there)
    assert (report.events, report.broken_at) == (count + 3, None)


@from_sqlite
def test_the_restore_stands_on_the_trail_that_was_restored(
    portal: Portal, backup: Path, elsewhere: Settings, open_it: Open
) -> None:
    made = events(portal)[-1]
    put_back(elsewhere, backup)
    last = events(open_it(elsewhere))[-1]
    assert (last.action, last.principal_kind) == (Action.BACKUP_RESTORE, "operator")
    assert last.details == {"count": 5, "at": made.at.isoformat()}


@from_sqlite
def test_nobody_is_signed_in_and_nothing_is_under_way_afterwards(
    portal: Portal, tmp_path: Path, elsewhere: Settings, open_it: Open
) -> None:
    fill(portal)
    add_server(portal)
    put_back(elsewhere, back_up(portal, tmp_path / "b.db").file)
    with open_it(elsewhere).database.reading() as session:
        counts = [
            run_sql(session, f"SELECT count(*) FROM {what}").scalar()
            for what in ("sessions", "sessions WHERE ended_at IS NULL", "processes", "check_slots")
        ]
    assert counts == [1, 0, 0, 0]


@from_sqlite
@pytest.mark.parametrize("later_there", [True, False])
def test_whoever_remembers_anything_of_before_has_to_read_it_anew(
    portal: Portal, backup: Path, elsewhere: Settings, open_it: Open, later_there: bool
) -> None:
    there = open_it(elsewhere)
    with (there if later_there else portal).database.transaction() as session:
        run_sql(session, "UPDATE changes SET number = 5000 WHERE scope = ''")
        run_sql(session, "INSERT INTO changes (scope, number) VALUES ('somebody', 4999)")
    file = backup if later_there else back_up(portal, backup.with_name("later.db")).file
    there.close()
    put_back(elsewhere, file)
    numbers = dict(rows_in(elsewhere.database_url)["changes"])
    assert set(numbers.values()) == {5001} and {"", "*", "system", "somebody"} <= set(numbers)


def test_what_was_there_before_is_kept_as_a_backup(portal: Portal, backup: Path) -> None:
    later = save(portal, person(portal, "alice"), "saved after the backup")
    portal.close()
    former = put_back(portal.settings, backup).former
    assert former is not None and former.parent == portal.settings.data_dir
    assert former.stat().st_mode & 0o777 == 0o600
    found = backup_verification.verify(portal.settings, OPERATOR, former, portal.keyring)
    assert all(finding.is_ok for finding in found)
    assert later.id in str(rows_in(copies.url_of(former))["credentials"])
    assert later.id not in str(rows_in(portal.settings.database_url)["credentials"])


def test_a_restore_can_be_taken_back_and_nothing_is_overwritten(portal: Portal, backup: Path) -> None:
    later = save(portal, person(portal, "alice"), "saved after the backup")
    portal.close()
    first = put_back(portal.settings, backup).former
    assert first
    second = put_back(portal.settings, first).former
    assert second and second != first and first.exists()
    assert later.id in str(rows_in(portal.settings.database_url)["credentials"])
    assert not [name for name in names_in(portal.settings.data_dir) if name.startswith(".keyportal-")]


def test_agent_keys_that_had_ended_and_are_back_are_named(portal: Portal, tmp_path: Path) -> None:
    alice, bob = person(portal, "alice"), person(portal, "bob")
    ids = {
        name: agent_keys.create(portal, alice, NewAgentKey(name, [Scope.RESOLVE])).view.id
        for name in ("revoked", "deleted", "kept", "ended before")
    }
    agent_keys.create(portal, bob, NewAgentKey("of somebody kept out", [Scope.RESOLVE]))
    agent_keys.revoke(portal, alice, ids["ended before"])
    file = back_up(portal, tmp_path / "b.db").file
    agent_keys.revoke(portal, alice, ids["revoked"])
    agent_keys.delete(portal, alice, ids["deleted"])
    with portal.database.transaction() as session:
        run_sql(session, "UPDATE users SET active = false WHERE email = 'bob@example.com'")
    portal.close()
    assert put_back(portal.settings, file).returned == (
        ("deleted", "alice@example.com"),
        ("revoked", "alice@example.com"),
        ("of somebody kept out", "bob@example.com"),
    )


@pytest.fixture
def rotated(make_portal: MakePortal, tmp_path: Path) -> tuple[Path, Portal, str]:
    """A backup of before a rotation, the portal of after it, and the id of the key it needs."""
    former = make_portal()
    fill(former)
    file = back_up(former, tmp_path / "old.db").file
    behind = make_portal(**BEHIND)
    rotate(behind)
    portal = make_portal(**ALONE)
    for one in (former, behind, portal):
        one.close()
    return file, portal, former.keyring.current.id


def test_an_old_backup_says_which_key_it_lacks_and_touches_nothing(
    rotated: tuple[Path, Portal, str],
) -> None:
    file, portal, key_id = rotated
    before = rows_in(portal.settings.database_url)
    with pytest.raises(UnusableSetting) as refusal:
        put_back(portal.settings, file)
    assert refusal.value.setting == "API_KEY_ENCRYPTION_KEY_PREVIOUS"
    assert f"key id {key_id} (for 4 values)" in refusal.value.message
    assert f"encryption-key abandon {key_id}" in refusal.value.message
    assert rows_in(portal.settings.database_url) == before
    assert not [name for name in names_in(portal.settings.data_dir) if "restore" in name]


def test_an_old_backup_is_whole_again_with_the_former_key_behind_the_new_one(
    rotated: tuple[Path, Portal, str], open_it: Open, tmp_path: Path
) -> None:
    file, portal, _ = rotated
    settings = make_settings(tmp_path, DATABASE_URL=portal.settings.database_url, **BEHIND)
    put_back(settings, file)
    there = open_it(settings)
    assert resolve_key(there, OPERATOR, "openai", user="alice@example.com").api_key.reveal() == VALUE
    assert audit_verification.verify_chain(there).broken_at is None


def test_an_old_backup_without_its_key_is_restored_only_to_enter_its_values_again(
    rotated: tuple[Path, Portal, str], open_it: Open
) -> None:
    file, portal, key_id = rotated
    put_back(portal.settings, file, anyway=True)
    with pytest.raises(UnusableSetting, match=key_id):
        open_it(portal.settings)
    there = open_portal(portal.settings, FakeClock(), may_miss_keys=True)
    abandon(there, OPERATOR, key_id)
    there.close()
    with pytest.raises(NeedsReentry):
        resolve_key(open_it(portal.settings), OPERATOR, "openai", user="alice@example.com")
