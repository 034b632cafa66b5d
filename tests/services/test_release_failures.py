"""What the desk does when it cannot write: nothing leaves uncounted, and nobody waits for ever."""

import asyncio
import sqlite3

import pytest

from keyportal.domain.errors import StorageUnavailable
from keyportal.domain.principals import Principal
from keyportal.persistence import postgres_ledger
from keyportal.persistence.engine import CHAIN_LOCK
from keyportal.persistence.postgres_ledger import NAME
from keyportal.services import agent_keys, audit_verification
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.services.release_desk import ReleaseDesk, open_desk
from tests.conftest import MakePortal, person
from tests.services.desk_support import OPENAI, OTHER, ask, value_of
from tests.services.desk_support import desk as desk
from tests.services.desk_support import token as token
from tests.services.support import VALUE, row_of, run_sql, save


async def test_whoever_hung_up_is_not_counted(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    mine = save(portal, alice)
    await ask(desk, token, OPENAI, "")
    waiting = [asyncio.ensure_future(ask(desk, token, OPENAI, "")) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert row_of(portal, mine.id).usage_count == 3


async def test_another_writer_is_waited_for(make_portal: MakePortal) -> None:
    portal = make_portal()
    if not portal.database.is_sqlite:
        pytest.skip("one writer at a time is SQLite's own rule")
    alice = person(portal, "alice")
    mine = save(portal, alice)
    token = agent_keys.create(portal, alice, NewAgentKey("ci")).token.reveal()
    async with open_desk(portal) as desk:
        await ask(desk, token, OPENAI, "")
        other = sqlite3.connect(portal.database.engine.url.database or "", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.ensure_future(ask(desk, token, OPENAI, ""))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        other.execute("COMMIT")
        other.close()
        assert await waiting is not None
    assert row_of(portal, mine.id).usage_count == 2


async def test_without_its_event_nothing_leaves_and_the_next_is_tried_anew(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    mine = save(portal, alice)
    await ask(desk, token, OPENAI, "")
    with portal.database.transaction() as session:
        run_sql(session, "ALTER TABLE audit_events RENAME TO gone")
    with pytest.raises(StorageUnavailable):
        await ask(desk, token, OPENAI, "")
    with portal.database.transaction() as session:
        run_sql(session, "ALTER TABLE gone RENAME TO audit_events")
    assert await value_of(desk, token) == VALUE
    assert row_of(portal, mine.id).usage_count == 2


async def test_what_waits_at_the_end_is_still_written(portal: Portal, alice: Principal, token: str) -> None:
    mine = save(portal, alice)
    async with open_desk(portal) as desk:
        await ask(desk, token, OPENAI, "")
        waiting = asyncio.ensure_future(ask(desk, token, OPENAI, ""))
        await asyncio.sleep(0)
    assert await waiting is not None
    assert row_of(portal, mine.id).usage_count == 2


async def test_a_connection_that_was_cut_is_made_anew(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    if portal.database.is_sqlite:
        pytest.skip("SQLite has no connection that could be cut")
    mine = save(portal, alice)
    await desk.release(token.encode(), OPENAI, "")
    cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = :name"
    with portal.database.reading() as session:
        assert run_sql(session, cut, name=NAME).scalars().all() == [True]
    assert await value_of(desk, token) == VALUE
    assert row_of(portal, mine.id).usage_count == 2


async def test_others_who_write_the_trail_meanwhile_break_neither_it_nor_the_counts(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    mine = save(portal, alice)
    async with open_desk(portal) as other:
        for _ in range(4):
            assert await value_of(desk, token) == VALUE
            assert [await value_of(other, token) for _ in range(2)] == [VALUE, VALUE]
            assert await asyncio.gather(value_of(desk, token), value_of(other, token)) == [VALUE, VALUE]
    assert row_of(portal, mine.id).usage_count == 20
    assert audit_verification.verify_chain(portal).broken_at is None


async def test_a_key_whose_row_is_held_holds_up_nobody_else(
    portal: Portal, alice: Principal, bob: Principal, desk: ReleaseDesk, token: str
) -> None:
    if portal.database.is_sqlite:
        pytest.skip("SQLite holds no single rows")
    mine, _ = save(portal, alice), save(portal, bob, value=OTHER)
    theirs = agent_keys.create(portal, bob, NewAgentKey("ci")).token.reveal()
    assert [await value_of(desk, one) for one in (token, theirs)] == [VALUE, OTHER]
    with portal.database.transaction() as session:
        run_sql(session, "SELECT id FROM credentials WHERE id = :id FOR UPDATE", id=mine.id)
        asked = [value_of(desk, token), value_of(desk, theirs), value_of(desk, token)]
        assert await asyncio.gather(*asked) == [None, OTHER, None]
    assert row_of(portal, mine.id).usage_count == 1


async def test_a_server_that_says_nothing_more_is_given_up(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if portal.database.is_sqlite:
        pytest.skip("SQLite is no server")
    save(portal, alice)
    assert await value_of(desk, token) == VALUE
    monkeypatch.setattr(postgres_ledger, "_DEADLINE_S", 0.2)
    monkeypatch.setattr(postgres_ledger, "_SETTINGS", ("SET lock_timeout = 0",))
    with portal.database.transaction() as session:
        run_sql(session, "SELECT pg_advisory_xact_lock(:number)", number=CHAIN_LOCK)
        with pytest.raises(StorageUnavailable):
            await value_of(desk, token)
    assert await value_of(desk, token) == VALUE


async def test_nobody_waits_for_a_writer_that_was_stopped(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    save(portal, alice)
    assert await value_of(desk, token) == VALUE
    waiting = asyncio.ensure_future(value_of(desk, token))
    await asyncio.sleep(0)
    assert desk._writing is not None
    desk._writing.cancel()
    with pytest.raises(StorageUnavailable):
        await waiting


async def test_a_commit_that_fails_hands_out_nothing(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    if portal.database.is_sqlite:
        pytest.skip("SQLite checks nothing that late")
    mine = save(portal, alice)
    assert [await value_of(desk, token) for _ in range(2)] == [VALUE, VALUE]
    with portal.database.transaction() as session:
        run_sql(
            session,
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'not today'; END $$",
        )
        run_sql(
            session,
            "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON audit_events DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
    with pytest.raises(StorageUnavailable):
        await desk.release(token.encode(), OPENAI, "")
    with portal.database.transaction() as session:
        run_sql(session, "DROP TRIGGER refuse ON audit_events")
    assert await value_of(desk, token) == VALUE
    assert row_of(portal, mine.id).usage_count == 3
    assert audit_verification.verify_chain(portal).broken_at is None


async def test_statements_that_are_gone_are_made_anew(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    if portal.database.is_sqlite:
        pytest.skip("SQLite has no statements that could be gone")
    mine = save(portal, alice)
    assert [await value_of(desk, token) for _ in range(2)] == [VALUE, VALUE]
    connection = vars(vars(desk)["_ledger"])["_connection"]
    await connection.execute("DISCARD ALL", prepare=False)
    assert [await value_of(desk, token) for _ in range(2)] == [VALUE, VALUE]
    assert row_of(portal, mine.id).usage_count == 4


async def test_a_database_that_shows_old_pictures_does_not_fork_the_trail(
    make_portal: MakePortal, request: pytest.FixtureRequest
) -> None:
    portal = make_portal()
    if portal.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    with portal.database.transaction() as session:
        name = run_sql(session, "SELECT current_database()").scalar()
        run_sql(session, f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'repeatable read'")
    portal.database.dispose()
    alice = person(portal, "alice")
    save(portal, alice)
    token = agent_keys.create(portal, alice, NewAgentKey("ci")).token.reveal()
    async with open_desk(portal) as one, open_desk(portal) as two:
        for _ in range(20):
            asked = [value_of(d, token) for d in (one, two) for _ in range(2)]
            assert await asyncio.gather(*asked) == [VALUE] * 4
    assert audit_verification.verify_chain(portal).broken_at is None


async def test_what_nobody_foresaw_leaves_no_lock_behind(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = save(portal, alice)
    assert await value_of(desk, token) == VALUE

    def fails(*_: object) -> list[str]:
        raise UnicodeError

    with monkeypatch.context() as patched:
        patched.setattr("keyportal.persistence.release_batches.Batch.links", fails)
        with pytest.raises(StorageUnavailable):
            await desk.release(token.encode(), OPENAI, "")
    save(portal, alice, name="another")
    assert await value_of(desk, token) == VALUE
    assert row_of(portal, mine.id).usage_count == 2
