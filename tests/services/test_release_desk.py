"""Handing out from memory: the same answers, counted as exactly, and never a moment behind a change."""

import asyncio
import gc
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from keyportal.domain.errors import StorageUnavailable
from keyportal.domain.principals import Principal, Scope
from keyportal.domain.secret import Secret
from keyportal.persistence import postgres_ledger, usage
from keyportal.persistence.engine import CHAIN_LOCK
from keyportal.persistence.postgres_ledger import NAME
from keyportal.services import (
    agent_keys,
    audit_verification,
    credentials,
    policies,
    provider_edits,
    release_desk,
    resolution,
    users,
)
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from keyportal.services.release_cache import Wanted
from keyportal.services.release_desk import ReleaseDesk, open_desk
from keyportal.services.releases import Resolution
from tests.conftest import MakePortal, person
from tests.services.support import SYSTEM, USER, VALUE, events, row_of, run_sql, save, spoil
from tests.support import START, FakeClock

OPENAI = Wanted("openai")
OTHER = "sk-other-0123456789abcdef"
DOCUMENT = '{"type":"service_account"}'


@pytest.fixture
def token(portal: Portal, alice: Principal) -> str:
    return agent_keys.create(portal, alice, NewAgentKey("ci")).token.reveal()


@pytest.fixture
async def desk(portal: Portal) -> AsyncIterator[ReleaseDesk]:
    async with open_desk(portal) as opened:
        yield opened


async def ask(
    desk: ReleaseDesk, token: str, wanted: Wanted = OPENAI, address: str = "192.0.2.1"
) -> Resolution | None:
    found = await desk.release(token.encode(), wanted, address)
    return found.release.handed_out(found.opened, found.resolution_id) if found else None


async def value_of(desk: ReleaseDesk, token: str, wanted: Wanted = OPENAI) -> str | None:
    found = await ask(desk, token, wanted)
    return found.api_key.reveal() if found else None


def without_id(found: Resolution | None) -> tuple[object, ...]:
    assert found is not None
    return (found.provider, found.source, found.credential, found.failed_over_from,
            found.api_key.reveal(), dict(found.fields), found.base_url)  # fmt: skip


async def test_the_answer_is_the_one_of_the_long_way(
    portal: Portal, alice: Principal, agent: Principal, desk: ReleaseDesk, token: str
) -> None:
    save(portal, alice, fields={"organization": "org-1"})
    expected = without_id(resolution.resolve_key(portal, agent, "openai"))
    for _ in range(3):
        assert without_id(await ask(desk, token, OPENAI, "")) == expected


async def test_secret_fields_and_variables_come_too(make_portal: MakePortal) -> None:
    portal = make_portal(GROQ_API_KEY="gsk_environment-0123456789")
    alice = person(portal, "alice")
    fields = {"region": "eu-central-1", "access_key_id": "AKIAIOSFODNN7EXAMPLE"}
    secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY1234"
    save(portal, alice, "aws", secret, provider="aws_transcribe", fields=fields)
    token = agent_keys.create(portal, alice, NewAgentKey("ci")).token.reveal()
    async with open_desk(portal) as desk:
        for _ in range(2):
            found = await ask(desk, token, Wanted("aws_transcribe"), "")
            assert found is not None and dict(found.fields) == fields
            assert await value_of(desk, token, Wanted("groq")) == "gsk_environment-0123456789"


async def test_uses_that_come_together_are_one_event_with_an_id_for_each(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    mine = save(portal, alice)
    await ask(desk, token, OPENAI, "192.0.2.1")
    before = len(events(portal))
    found = await asyncio.gather(*[ask(desk, token, OPENAI, "192.0.2.1") for _ in range(5)])
    (event,) = events(portal)[before:]
    assert [f.resolution_id for f in found if f] == [event.uid, *(f"{event.uid}-{n}" for n in range(1, 5))]
    assert (event.object_id, event.object_label, event.address) == (mine.id, "mine", "192.0.2.1")
    assert event.details == {
        "provider": "openai", "for_user": "alice@example.com", "source": "user", "mask": mine.mask,
        "secret_version": 1, "count": 5}  # fmt: skip


async def test_other_callers_other_keys_and_other_addresses_are_events_of_their_own(
    portal: Portal, alice: Principal, bob: Principal, desk: ReleaseDesk, token: str
) -> None:
    for owner in (alice, bob):
        save(portal, owner)
    save(portal, alice, "g", "gsk_0123456789abcdef", provider="groq")
    theirs = agent_keys.create(portal, bob, NewAgentKey("ci")).token.reveal()
    asked = [(token, OPENAI, "a"), (token, OPENAI, "b"), (theirs, OPENAI, "a"), (token, Wanted("groq"), "a")]
    before = 0
    for _ in range(2):
        before = len(events(portal))
        await asyncio.gather(*[ask(desk, *one) for one in asked])
    found = {(e.principal_label, e.address, e.details["provider"]) for e in events(portal)[before:]}
    mine, her = "ci (alice@example.com)", "ci (bob@example.com)"
    assert found == {(mine, "a", "openai"), (mine, "b", "openai"), (her, "a", "openai"), (mine, "a", "groq")}


async def test_every_call_of_many_at_once_is_counted_and_the_chain_holds(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    mine = save(portal, alice)
    found = await asyncio.gather(*[ask(desk, token, OPENAI, str(n % 7)) for n in range(500)])
    ids = {f.resolution_id for f in found if f}
    listed = {e.uid: e.details.get("count", 1) for e in events(portal) if e.action == "credential.resolve"}
    assert ids == {uid if n == 0 else f"{uid}-{n}" for uid, count in listed.items() for n in range(count)}
    assert (len(ids), sum(listed.values()), row_of(portal, mine.id).usage_count) == (500, 500, 500)
    with portal.database.reading() as session:
        assert usage.usage_of(session, mine.id, START.date()) == [(START.date(), 500)]
    assert audit_verification.verify_chain(portal).broken_at is None


async def test_several_processes_count_exactly(make_portal: MakePortal) -> None:
    portals = [make_portal() for _ in range(3)]
    alice = person(portals[0], "alice")
    mine = save(portals[0], alice)
    token = agent_keys.create(portals[0], alice, NewAgentKey("ci")).token.reveal()
    desks = [ReleaseDesk(portal) for portal in portals]
    found = await asyncio.gather(*[ask(desk, token, OPENAI, "") for _ in range(40) for desk in desks])
    for desk in desks:
        await desk.close()
    assert len({f.resolution_id for f in found if f}) == 120
    assert row_of(portals[0], mine.id).usage_count == 120
    assert audit_verification.verify_chain(portals[0]).broken_at is None


async def test_the_agent_key_s_last_use_is_true_to_the_minute(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str, clock: FakeClock
) -> None:
    save(portal, alice)
    seen = []
    for seconds in (0, 30, 31):
        clock.advance(timedelta(seconds=seconds))
        await ask(desk, token, OPENAI, "")
        seen.append(agent_keys.search(portal, alice).items[0].last_used_at)
    assert seen == [START, START, START + timedelta(seconds=61)]


# --- nothing is a moment behind

Act = Callable[[Portal, Principal, Principal, str, str], object]


def _agent_key(portal: Portal, who: Principal) -> str:
    return agent_keys.search(portal, who).items[0].id


def _off(portal: Portal, root: Principal) -> None:
    policies.change_policies(portal, root, {"resolve_cache": False})


_CHANGES: dict[str, tuple[Act, str | None]] = {
    "agent key revoked": (lambda p, a, r, own, sys: agent_keys.revoke(p, a, _agent_key(p, a)), None),
    "agent key deleted": (lambda p, a, r, own, sys: agent_keys.delete(p, a, _agent_key(p, a)), None),
    "owner deactivated": (lambda p, a, r, own, sys: users.deactivate(p, r, a.user_id or ""), None),
    "key switched off": (
        lambda p, a, r, own, sys: credentials.update(p, a, USER, own, CredentialEdit(active=False)), OTHER),
    "key deleted": (lambda p, a, r, own, sys: credentials.delete(p, a, USER, own), OTHER),
    "value replaced": (
        lambda p, a, r, own, sys: credentials.update(
            p, a, USER, own, CredentialEdit(api_key=Secret("sk-new-0123456789abcdef"))),
        "sk-new-0123456789abcdef"),
    "key damaged": (lambda p, a, r, own, sys: spoil(p, own), None),
    "address changed by hand": (
        lambda p, a, r, own, sys: spoil(p, own, base_url="https://evil.example/v1"), None),
    "provider turned off": (
        lambda p, a, r, own, sys: provider_edits.set_enabled(p, r, "openai", False), None),
    "memory turned off": (lambda p, a, r, own, sys: _off(p, r), None),
    "another key comes first": (
        lambda p, a, r, own, sys: spoil(p, save(p, a, "z", "sk-first-0123456789abcdef").id, position=-1),
        "sk-first-0123456789abcdef"),
    "something else changes": (lambda p, a, r, own, sys: save(p, r, "other", provider="groq"), VALUE),
}  # fmt: skip


@pytest.mark.parametrize("name", _CHANGES)
async def test_a_change_counts_from_the_next_resolve_on_in_every_process(
    make_portal: MakePortal, name: str
) -> None:
    portal, elsewhere = make_portal(), make_portal()
    alice, root = person(portal, "alice"), person(portal, "root")
    own, system = save(portal, alice), save(portal, root, "team", OTHER, SYSTEM)
    token = agent_keys.create(portal, alice, NewAgentKey("ci")).token.reveal()
    act, expected = _CHANGES[name]
    async with open_desk(portal) as here, open_desk(elsewhere) as there:
        assert [await value_of(desk, token) for desk in (here, there, here)] == [VALUE] * 3
        before = row_of(portal, own.id).usage_count
        act(elsewhere, alice, root, own.id, system.id)
        assert [await value_of(desk, token) for desk in (here, there)] == [expected] * 2
    counted = [row_of(portal, one).usage_count for one in (own.id, system.id)]
    assert counted == [before + 2 * (expected == VALUE or name == "value replaced"), 2 * (expected == OTHER)]


async def test_a_change_between_the_decision_and_the_writing_sends_it_back(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    mine = save(portal, alice)
    assert await value_of(desk, token) == VALUE
    waiting = [asyncio.ensure_future(ask(desk, token, OPENAI, "")) for _ in range(3)]
    await asyncio.sleep(0)
    credentials.update(portal, alice, USER, mine.id, CredentialEdit(api_key=Secret(OTHER)))
    assert {f.api_key.reveal() for f in await asyncio.gather(*waiting) if f} == {OTHER}
    assert [e.details["secret_version"] for e in events(portal) if e.action == "credential.resolve"] == [1, 2]


async def test_what_ends_by_the_clock_ends_in_memory_too(
    portal: Portal, alice: Principal, root: Principal, desk: ReleaseDesk, token: str, clock: FakeClock
) -> None:
    save(portal, alice, expires_at=START + timedelta(seconds=10))
    save(portal, root, "team", OTHER, SYSTEM)
    seen = [await value_of(desk, token)]
    for step in (timedelta(seconds=9), timedelta(seconds=1), timedelta(days=91)):
        clock.advance(step)
        seen.append(await value_of(desk, token))
    assert seen == [VALUE, VALUE, OTHER, None]


async def test_a_key_that_steps_back_comes_back_after_its_cool_down(
    portal: Portal, alice: Principal, root: Principal, desk: ReleaseDesk, token: str, clock: FakeClock
) -> None:
    policies.change_policies(portal, root, {"failover": True})
    first = save(portal, alice, "first", failover=True)
    save(portal, alice, "second", OTHER)
    assert await value_of(desk, token) == VALUE
    spoil(portal, first.id, failing_until=START + timedelta(minutes=10))
    found = await ask(desk, token, OPENAI, "")
    assert found is not None and found.failed_over_from is not None
    assert (found.api_key.reveal(), found.failed_over_from.name) == (OTHER, "first")
    assert events(portal)[-1].details["failed_over_from"] == first.id
    clock.advance(timedelta(minutes=10))
    again = await ask(desk, token, OPENAI, "")
    assert again is not None
    assert (again.api_key.reveal(), again.failed_over_from) == (VALUE, None)


async def test_a_role_that_is_lost_is_lost_at_once(
    portal: Portal, desk: ReleaseDesk, alice: Principal, root: Principal
) -> None:
    save(portal, alice)
    token = agent_keys.create(portal, root, NewAgentKey("any", [Scope.RESOLVE_ANY])).token.reveal()
    for_alice = Wanted("openai", user="Alice@Example.com")
    assert await value_of(desk, token, for_alice) == VALUE
    spoil_user = "UPDATE users SET role = 'member' WHERE email_key = 'root@example.com'"
    with portal.database.transaction() as session:
        run_sql(session, spoil_user)
    assert await value_of(desk, token, for_alice) is None


# --- what it leaves to the long way, and what it does when it cannot write


@pytest.mark.parametrize(
    "wanted", [Wanted("nobody"), Wanted("groq"), Wanted("openai", user="bob@example.com")], ids=str
)
async def test_what_is_refused_is_left_to_the_long_way_and_writes_nothing(
    portal: Portal, alice: Principal, bob: Principal, desk: ReleaseDesk, token: str, wanted: Wanted
) -> None:
    for owner in (alice, bob):
        save(portal, owner)
    before = len(events(portal))
    assert await value_of(desk, token, wanted) is None
    assert await value_of(desk, "kpa_junk", OPENAI) is None
    assert len(events(portal)) == before


async def test_a_key_without_the_scope_is_left_to_the_long_way(
    portal: Portal, alice: Principal, desk: ReleaseDesk
) -> None:
    save(portal, alice)
    issued = agent_keys.create(portal, alice, NewAgentKey("reader", [Scope.KEYS_READ]))
    assert await value_of(desk, issued.token.reveal()) is None


async def test_memory_is_used_again_once_it_is_turned_on(
    portal: Portal, alice: Principal, root: Principal, desk: ReleaseDesk, token: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(release_desk, "_OFF_FOR_S", 0.0)
    save(portal, alice)
    seen = []
    for is_on in (False, True):
        policies.change_policies(portal, root, {"resolve_cache": is_on})
        seen.append(await value_of(desk, token))
    assert seen == [None, VALUE]


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


async def test_no_value_is_kept_in_memory(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    canary = "sk-" + sha256(b"a value nobody else has").hexdigest()
    save(portal, alice, value=canary)
    assert await value_of(desk, token) is not None
    gc.collect()
    held = [o for o in gc.get_objects() if isinstance(o, Secret) and o.reveal() == canary]
    assert held == []
    assert canary not in repr(vars(desk._cache)) and token not in repr(vars(desk._cache))


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


async def test_a_key_in_a_file_is_left_to_the_long_way(make_portal: MakePortal, tmp_path: Path) -> None:
    account = tmp_path / "account.json"
    account.write_text(DOCUMENT)
    portal = make_portal(GOOGLE_APPLICATION_CREDENTIALS=str(account), GROQ_API_KEY="gsk_environment-0123456")
    token = agent_keys.create(portal, person(portal, "alice"), NewAgentKey("ci")).token.reveal()
    async with open_desk(portal) as desk:
        assert await value_of(desk, token, Wanted("google_speech")) is None
        # Which says nothing of other keys.
        assert await value_of(desk, token, Wanted("groq")) == "gsk_environment-0123456"


async def test_the_first_of_several_that_come_back_is_used_again(
    portal: Portal, alice: Principal, root: Principal, desk: ReleaseDesk, token: str, clock: FakeClock
) -> None:
    policies.change_policies(portal, root, {"failover": True})
    keys = [save(portal, alice, name, f"sk-{name}-0123456789abcdef", failover=True) for name in "abc"]
    for key, minutes in zip(keys, (20, 5), strict=False):
        spoil(portal, key.id, failing_until=START + timedelta(minutes=minutes))
    seen = []
    for minutes in (0, 1, 5, 15):
        clock.advance(timedelta(minutes=minutes))
        seen.append((await value_of(desk, token), await value_of(desk, token)))
    a, b, c = (f"sk-{name}-0123456789abcdef" for name in "abc")
    assert seen == [(c, c), (c, c), (b, b), (a, a)]


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
    monkeypatch.setattr(postgres_ledger, "_WAIT_A_LITTLE", "SET LOCAL lock_timeout = 0")
    with portal.database.transaction() as session:
        run_sql(session, "SELECT pg_advisory_xact_lock(:number)", number=CHAIN_LOCK)
        with pytest.raises(StorageUnavailable):
            await value_of(desk, token)
    assert await value_of(desk, token) == VALUE


async def test_what_ends_while_it_waits_is_not_handed_out(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str, clock: FakeClock
) -> None:
    save(portal, alice, expires_at=START + timedelta(seconds=10))
    assert await value_of(desk, token) == VALUE
    waiting = asyncio.ensure_future(value_of(desk, token))
    await asyncio.sleep(0)
    clock.advance(timedelta(seconds=10))
    assert await waiting is None


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


async def test_a_database_of_before_says_nothing_of_what_is_kept(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    save(portal, alice)
    for _ in range(2):
        assert await value_of(desk, token) == VALUE
    with portal.database.transaction() as session:
        run_sql(session, "UPDATE agent_keys SET digest = 'x'")
        run_sql(session, "UPDATE changes SET number = 1 WHERE scope = ''")
        run_sql(session, "DELETE FROM changes WHERE scope <> ''")
    if not portal.database.is_sqlite:
        # There the numbers are written at the end of a transaction.
        with portal.database.transaction() as session:
            run_sql(session, "UPDATE changes SET number = 1 WHERE scope = ''")
            run_sql(session, "DELETE FROM changes WHERE scope <> ''")
    assert await value_of(desk, token) is None
