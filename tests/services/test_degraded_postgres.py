"""A PostgreSQL of our own that is stopped, frozen in the middle and back: nobody waits for ever."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from keyportal.domain.errors import StorageUnavailable
from keyportal.persistence import postgres_connections
from keyportal.services import agent_keys
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.services.readiness import Lookout
from keyportal.services.release_desk import open_desk
from keyportal.services.start_up import open_portal
from tests.api.support import browser, code_of, stranger
from tests.conftest import person
from tests.faults.postgres import Server, running_server
from tests.services.desk_support import ask, value_of
from tests.services.support import VALUE, row_of, run_sql, save
from tests.support import add_cast, make_settings


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def portal(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    monkeypatch.setattr(postgres_connections, "_HANG_UP_S", 1)
    portal = open_portal(make_settings(tmp_path, DATABASE_URL=server.new()))
    add_cast(portal)
    yield portal
    portal.close()


async def test_while_it_is_stopped_everybody_is_told_and_the_next_request_after_its_return_succeeds(
    portal: Portal, server: Server
) -> None:
    alice = person(portal, "alice")
    client, mine = browser(portal, "alice"), save(portal, alice)
    token = agent_keys.create(portal, alice, NewAgentKey("ci")).token.reveal()
    async with open_desk(portal) as desk:
        assert await value_of(desk, token) == VALUE
        server.stop("immediate")
        try:
            answer = client.get("/api/api-keys")
            assert (answer.status_code, code_of(answer)) == (503, "storage_unavailable")
            assert int(answer.headers["retry-after"]) > 0
            with pytest.raises(StorageUnavailable):
                await ask(desk, token)
        finally:
            server.start()
        assert client.get("/api/api-keys").status_code == 200
        assert await value_of(desk, token) == VALUE
    assert row_of(portal, mine.id).usage_count == 2


def test_while_it_hangs_health_answers_ready_says_so_and_it_goes_on_afterwards(
    portal: Portal, server: Server
) -> None:
    client, anyone = browser(portal, "alice"), stranger(portal)
    assert client.get("/api/api-keys").status_code == 200
    server.freeze()
    try:
        with ThreadPoolExecutor(4) as pool:
            hanging = [pool.submit(client.get, "/api/api-keys") for _ in range(3)]
            assert anyone.get("/api/health").status_code == 200
            ready = anyone.get("/api/ready")
            assert (ready.status_code, ready.json()["checks"]) == (
                503,
                {"database": "storage_unavailable", "schema": "unknown", "encryption_key": "unknown"},
            )
            assert {code_of(one.result(60)) for one in hanging} == {"storage_unavailable"}
    finally:
        server.thaw()
    assert client.get("/api/api-keys").status_code == 200
    assert anyone.get("/api/ready").status_code == 200


def test_a_statement_it_freezes_under_is_given_up(portal: Portal, server: Server) -> None:
    with pytest.raises(StorageUnavailable), portal.database.transaction() as session:
        run_sql(session, "UPDATE users SET name = 'half'")
        server.freeze()
        try:
            run_sql(session, "SELECT 1")
        finally:
            server.thaw()
    with portal.database.reading() as session:
        assert run_sql(session, "SELECT count(*) FROM users WHERE name = 'half'").scalar() == 0


def test_patient_work_is_not_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_connections, "STATEMENT_S", 1)
    ends = [takes_long(server, is_patient=patient) for patient in (True, False)]
    assert ends == ["done", "The database is busy with something else. Try again in a moment."]


def takes_long(server: Server, *, is_patient: bool) -> str:
    from keyportal.persistence.engine import Database

    url = server.uri.replace("postgresql://", "postgresql+psycopg://", 1)
    database = Database(url, is_patient=is_patient)
    try:
        with database.reading() as session:
            run_sql(session, "SELECT pg_sleep(1.5)")
        return "done"
    except StorageUnavailable as fault:
        return fault.message
    finally:
        database.dispose()


async def test_looks_do_not_pile_up(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    going_on, release = threading.Semaphore(0), threading.Event()
    looks: list[object] = []

    def hangs(_portal: Portal) -> dict[str, str]:
        looks.append(None)
        going_on.release()
        release.wait(30)
        return {"database": "ok"}

    monkeypatch.setattr("keyportal.services.readiness._look_at_database", hangs)
    monkeypatch.setattr("keyportal.services.readiness.WITHIN_S", 0.05)
    lookout = Lookout()
    found = await asyncio.gather(*(lookout.look(portal) for _ in range(20)))
    assert ({one["database"] for one in found}, len(looks)) == ({"storage_unavailable"}, 1)
    release.set()
    monkeypatch.setattr("keyportal.services.readiness.WITHIN_S", 30)
    assert (await lookout.look(portal))["database"] == "ok"
    assert len(looks) <= 2
