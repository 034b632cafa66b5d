"""While nothing can be written: reading goes on, nothing secret leaves, and it ends without a restart."""

import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from keyportal.domain.errors import (
    AgentKeyRevoked,
    StorageDamaged,
    StorageFull,
    StorageReadOnly,
    StorageUnavailable,
)
from keyportal.domain.principals import Principal
from keyportal.persistence import engine
from keyportal.services import (
    access,
    agent_keys,
    audit_verification,
    credential_lists,
    credentials,
    resolution,
    sessions,
)
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.services.release_desk import ReleaseDesk
from tests.api.support import bearer, browser, code_of
from tests.conftest import MakePortal, person
from tests.services.desk_support import OPENAI, ask, value_of
from tests.services.desk_support import desk as desk
from tests.services.desk_support import token as token
from tests.services.support import USER, VALUE, row_of, run_sql, save, signed_in
from tests.support import FakeClock

ONLY_SQLITE = pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
ONLY_POSTGRES = pytest.mark.parametrize("database_template", ["postgresql"], indirect=True)


@contextmanager
def every_connection(portal: Portal, pragma: str) -> Iterator[None]:
    """Set something on each connection of the pool as it begins, until the end of the block."""

    def set_it(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA {pragma}")

    event.listen(portal.database.engine, "begin", set_it)
    yield
    event.remove(portal.database.engine, "begin", set_it)


def fill(portal: Portal, principal: Principal) -> None:
    """Save keys until there is no room."""
    for number in range(1000):
        save(portal, principal, name=f"filler {number}")
    raise AssertionError("the disk has room for everything")


@contextmanager
def full_disk(portal: Portal, principal: Principal) -> Iterator[None]:
    """SQLite's own limit on pages: it says the same as for a disk that is full."""
    with every_connection(portal, "max_page_count = 1"):
        with pytest.raises(StorageFull):
            fill(portal, principal)
        yield
    portal.database.dispose()


@ONLY_SQLITE
def test_on_a_full_disk_reading_goes_on_and_nothing_secret_leaves(
    portal: Portal, alice: Principal, agent: Principal, agent_token: str, clock: FakeClock
) -> None:
    mine, signed = save(portal, alice), signed_in(portal, "alice")
    with full_disk(portal, alice):
        clock.advance(timedelta(minutes=5))
        assert access.require_agent(portal, agent_token).user_id == alice.user_id
        assert sessions.find_principal(portal, signed.session_digest or "") is not None
        assert credentials.get(portal, alice, USER, mine.id).name == "mine"
        with pytest.raises(StorageFull):
            for _ in range(200):
                resolution.resolve_key(portal, agent, "openai")
        counted = row_of(portal, mine.id).usage_count
    assert resolution.resolve_key(portal, agent, "openai").api_key.reveal() == VALUE
    assert row_of(portal, mine.id).usage_count == counted + 1
    save(portal, alice, name="there is room again")
    assert audit_verification.verify_chain(portal).broken_at is None


@ONLY_SQLITE
async def test_the_short_way_says_the_same_and_recovers(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    mine = save(portal, alice)
    assert await value_of(desk, token) == VALUE
    connection = vars(vars(desk)["_ledger"])["_connection"]
    with full_disk(portal, alice):
        connection.execute("PRAGMA max_page_count = 1")
        answered = 0
        with pytest.raises(StorageFull):
            for _ in range(1000):
                await desk.release(token.encode(), OPENAI, "")
                answered += 1
    connection.execute("PRAGMA max_page_count = 1000000")
    assert await value_of(desk, token) == VALUE
    assert row_of(portal, mine.id).usage_count == answered + 2


@ONLY_SQLITE
def test_callers_are_told_what_is_wrong_and_when_to_come_back(
    portal: Portal, alice: Principal, agent_token: str
) -> None:
    save(portal, alice)
    client, program = browser(portal, "alice"), bearer(portal, agent_token)
    with full_disk(portal, alice):
        assert client.get("/api/api-keys").status_code == 200
        body = {"provider": "openai", "name": "another", "api_key": VALUE}
        answers = [client.post("/api/api-keys", json=body)]
        answers += [program.post("/api/resolve", json={"provider": "openai"}) for _ in range(200)]
        refused = [a for a in answers if a.status_code not in (200, 201)]
        assert {(a.status_code, code_of(a), a.headers["retry-after"]) for a in refused} == {
            (507, "storage_full", "5")
        }
        assert not any(VALUE in a.text for a in refused)


@ONLY_SQLITE
def test_where_the_file_may_only_be_read_reading_goes_on(portal: Portal, alice: Principal) -> None:
    mine = save(portal, alice)
    with every_connection(portal, "query_only = ON"):
        assert credentials.get(portal, alice, USER, mine.id).name == "mine"
        with pytest.raises(StorageReadOnly):
            save(portal, alice, name="another")
    # Nobody switched it off: the connection was made anew.
    save(portal, alice, name="another")


@ONLY_SQLITE
def test_the_first_write_after_a_time_of_only_reading_succeeds(portal: Portal, alice: Principal) -> None:
    with portal.database.reading() as session:
        # As on a connection made while the file could only be read; it goes back to the pool.
        run_sql(session, "PRAGMA query_only = ON")
    save(portal, alice)


@ONLY_SQLITE
async def test_the_desk_makes_a_connection_anew_that_may_only_read(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    mine = save(portal, alice)
    assert await value_of(desk, token) == VALUE
    vars(vars(desk)["_ledger"])["_connection"].execute("PRAGMA query_only = ON")
    assert await value_of(desk, token) == VALUE
    assert row_of(portal, mine.id).usage_count == 2


@ONLY_SQLITE
def test_a_refused_agent_key_stays_refused_where_that_cannot_be_recorded(
    portal: Portal, alice: Principal, agent: Principal, agent_token: str, clock: FakeClock
) -> None:
    agent_keys.revoke(portal, alice, agent.agent_key_id or "")
    clock.advance(timedelta(minutes=5))
    with every_connection(portal, "query_only = ON"), pytest.raises(AgentKeyRevoked):
        access.require_agent(portal, agent_token)


@ONLY_SQLITE
def test_a_write_that_fails_half_way_leaves_nothing_and_the_next_succeeds(
    portal: Portal, alice: Principal
) -> None:
    save(portal, alice)
    log = Path(f"{portal.database.engine.url.database}-wal")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 5000, before[1]))
    try:
        with pytest.raises(StorageUnavailable):
            fill(portal, alice)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    save(portal, alice, name="after")
    assert audit_verification.verify_chain(portal).broken_at is None
    with portal.database.reading() as session:
        assert run_sql(session, "PRAGMA integrity_check").scalar() == "ok"


@ONLY_SQLITE
def test_a_database_somebody_else_holds_is_called_busy(
    make_portal: MakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 10)
    portal = make_portal()
    alice = person(portal, "alice")
    other = sqlite3.connect(portal.database.engine.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable, match="busy"):
        save(portal, alice)
    other.close()
    save(portal, alice)


@ONLY_SQLITE
def test_who_waits_for_a_writer_of_this_process_gives_up_too(
    make_portal: MakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 10)
    portal = make_portal()
    alice = person(portal, "alice")
    refusals: list[Exception] = []

    def write() -> None:
        try:
            save(portal, alice)
        except StorageUnavailable as refusal:
            refusals.append(refusal)

    with portal.database.transaction():
        waiting = [threading.Thread(target=write) for _ in range(3)]
        for one in waiting:
            one.start()
        for one in waiting:
            one.join()
    assert ["busy" in str(refusal) for refusal in refusals] == [True] * 3
    save(portal, alice)


@ONLY_SQLITE
def test_who_only_reads_waits_for_no_writer(
    portal: Portal, agent_token: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for one of this process, and not for one of another: it would be an hour."""
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 3_600_000)
    clock.advance(timedelta(minutes=2))
    with portal.database.transaction():
        access.require_agent(portal, agent_token)
    other = sqlite3.connect(portal.database.engine.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    access.require_agent(portal, agent_token)
    other.close()


@ONLY_SQLITE
def test_a_damaged_file_is_called_damaged(portal: Portal, alice: Principal) -> None:
    save(portal, alice)
    portal.database.dispose()
    file = Path(portal.database.engine.url.database or "")
    file.write_bytes(b"no database any more" * 1000)
    with pytest.raises(StorageDamaged, match="doctor"):
        credential_lists.search(portal, alice, USER, credential_lists.CredentialFilter())


def raising(code: str) -> str:
    return (
        "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'sk-in-the-message' USING ERRCODE = '{code}'; END $$"
    )


@ONLY_POSTGRES
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("53100", StorageFull),
        ("25006", StorageReadOnly),
        ("XX001", StorageDamaged),
        ("57014", StorageUnavailable),
        ("58030", StorageUnavailable),
    ],
)
async def test_what_postgresql_says_is_told_apart_on_both_ways(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str, code: str, kind: type[StorageUnavailable]
) -> None:
    mine = save(portal, alice)
    assert [await value_of(desk, token) for _ in range(2)] == [VALUE, VALUE]
    trigger = "CREATE TRIGGER fail BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION fail()"
    with portal.database.transaction() as session:
        run_sql(session, raising(code))
        run_sql(session, trigger)
    counted = row_of(portal, mine.id).usage_count
    with pytest.raises(StorageUnavailable) as refusal:
        save(portal, alice, name="another")
    with pytest.raises(StorageUnavailable) as on_the_short_way:
        await desk.release(token.encode(), OPENAI, "")
    assert (type(refusal.value), type(on_the_short_way.value)) == (kind, kind)
    assert "sk-in" not in refusal.value.message + on_the_short_way.value.message
    with portal.database.transaction() as session:
        run_sql(session, "DROP TRIGGER fail ON audit_events")
        run_sql(session, "DROP FUNCTION fail")
    assert await ask(desk, token, OPENAI, "") is not None
    assert row_of(portal, mine.id).usage_count == counted + 1


@ONLY_POSTGRES
async def test_a_standby_can_be_read_from(
    portal: Portal, alice: Principal, make_portal: Callable[..., Portal]
) -> None:
    mine = save(portal, alice)
    with portal.database.transaction() as session:
        name = run_sql(session, "SELECT current_database()").scalar()
        run_sql(session, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    portal.database.dispose()
    try:
        assert credentials.get(portal, alice, USER, mine.id).name == "mine"
        with pytest.raises(StorageReadOnly):
            agent_keys.create(portal, alice, NewAgentKey("ci"))
    finally:
        with portal.database.reading() as session:
            run_sql(session, "SET TRANSACTION READ WRITE")
            run_sql(session, f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
            session.commit()
    portal.database.dispose()
    agent_keys.create(portal, alice, NewAgentKey("ci"))
