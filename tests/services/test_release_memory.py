"""What is kept in memory is never a moment behind a change, and what is not kept goes the long way."""

import asyncio
import gc
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from keyportal.domain.principals import Principal, Scope
from keyportal.domain.secret import Secret
from keyportal.services import agent_keys, credentials, policies, provider_edits, release_desk, users
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from keyportal.services.release_cache import Wanted
from keyportal.services.release_desk import ReleaseDesk, open_desk
from tests.conftest import MakePortal, person
from tests.services.desk_support import OPENAI, OTHER, ask, value_of
from tests.services.desk_support import desk as desk
from tests.services.desk_support import token as token
from tests.services.support import SYSTEM, USER, VALUE, events, row_of, run_sql, save, spoil
from tests.support import START, FakeClock

DOCUMENT = '{"type":"service_account"}'

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


async def test_what_ends_while_it_waits_is_not_handed_out(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str, clock: FakeClock
) -> None:
    save(portal, alice, expires_at=START + timedelta(seconds=10))
    assert await value_of(desk, token) == VALUE
    waiting = asyncio.ensure_future(value_of(desk, token))
    await asyncio.sleep(0)
    clock.advance(timedelta(seconds=10))
    assert await waiting is None


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
