"""Who serves: listed while it runs, forgotten when it ends, and never in the way of serving."""

from datetime import timedelta

import pytest

from keyportal.persistence import processes as rows
from keyportal.persistence.tables import ProcessRow
from keyportal.services import processes
from keyportal.services.portal import Portal
from keyportal.services.processes import serving
from tests.conftest import MakePortal
from tests.services.support import run_sql
from tests.support import ENCRYPTION_KEY, OTHER_KEY, FakeClock


def running(portal: Portal) -> list[ProcessRow]:
    with portal.database.reading() as session:
        return rows.running(session, portal.clock.now())


async def test_a_server_is_listed_with_its_keys_while_it_runs(make_portal: MakePortal) -> None:
    portal = make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY, API_KEY_ENCRYPTION_KEY_PREVIOUS=ENCRYPTION_KEY)
    async with serving(portal, "api"):
        (row,) = running(portal)
        assert (row.kind, row.key_ids) == ("api", sorted(portal.keyring.ids))
        assert (len(row.key_ids), row.current_key_id) == (2, portal.keyring.current.id)
    assert running(portal) == []


async def test_two_servers_are_two_lines(portal: Portal) -> None:
    async with serving(portal, "portal"):
        async with serving(portal, "api"):
            assert sorted(row.kind for row in running(portal)) == ["api", "portal"]
        assert [row.kind for row in running(portal)] == ["portal"]


async def test_a_killed_server_is_not_listed_after_a_minute(portal: Portal, clock: FakeClock) -> None:
    async with serving(portal, "portal"):
        clock.advance(timedelta(seconds=60))
        assert len(running(portal)) == 1
        clock.advance(timedelta(seconds=1))
        assert running(portal) == []


async def test_it_says_so_again_and_again(
    portal: Portal, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_EVERY_S", 0.01)
    async with serving(portal, "portal"):
        clock.advance(timedelta(hours=1))
        with portal.database.transaction() as session:
            run_sql(session, "DELETE FROM processes")
        while not running(portal):
            await processes.asyncio.sleep(0.01)


async def test_whoever_was_silent_for_a_day_is_forgotten(portal: Portal, clock: FakeClock) -> None:
    def there(now: int) -> ProcessRow:
        seen_at = clock.now()
        return ProcessRow(
            kind="api",
            host="h",
            pid=now,
            key_ids=["a"],
            current_key_id="a",
            started_at=seen_at,
            seen_at=seen_at,
        )

    for number, pause in enumerate((timedelta(seconds=1), timedelta(days=1), timedelta(0))):
        with portal.database.transaction() as session:
            rows.announce(session, there(number))
        clock.advance(pause)
    with portal.database.reading() as session:
        assert list(run_sql(session, "SELECT pid FROM processes ORDER BY pid").scalars()) == [1, 2]


async def test_not_being_able_to_say_so_stops_no_server_and_is_logged_once(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    with portal.database.transaction() as session:
        run_sql(session, "ALTER TABLE processes RENAME TO processes_away")
    presence = processes._Presence(portal, "portal")
    async with serving(portal, "portal"):
        presence.announce()
        presence.announce()
    said = [r.message for r in caplog.records if r.name == processes.__name__]
    assert [m.partition(":")[0] for m in said] == ["could not write that this server runs"] * 2
