"""Who pays: own key, then system key, then environment variable, proven by removing one by one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from keyportal.domain.errors import Forbidden, KeyUnreadable, NoKey, UnknownProvider
from keyportal.domain.principals import Principal, Scope, anonymous_principal, operator_principal
from keyportal.persistence import usage, users
from keyportal.resolver import Source
from keyportal.services import access, agent_keys, credentials, resolution
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person
from tests.services.support import SYSTEM, USER, VALUE, events, row_of, run_sql, save, spoil
from tests.support import START, FakeClock


def resolve(portal: Portal, agent: Principal, **more: str | None) -> tuple[Source, str]:
    answer = resolution.resolve_key(portal, agent, "openai", **more)
    return answer.source, answer.api_key.reveal()


def agent_of(portal: Portal, owner: Principal, *scopes: Scope) -> Principal:
    issued = agent_keys.create(portal, owner, NewAgentKey(f"agent {scopes}", scopes))
    return access.require_agent(portal, issued.token.reveal())


def set_user(portal: Portal, user_id: str | None, **values: object) -> None:
    with portal.database.transaction() as session:
        row = users.find_user(session, user_id or "")
        assert row is not None
        for name, value in values.items():
            setattr(row, name, value)


def test_own_key_wins_and_the_answer_says_where_it_came_from(
    portal: Portal, alice: Principal, root: Principal, agent: Principal
) -> None:
    save(portal, root, value="sk-system-0123456789", ownership=SYSTEM)
    mine = save(portal, alice, fields={"organization": "org-1"})
    answer = resolution.resolve_key(portal, agent, "OpenAI")
    assert (answer.source, answer.provider, answer.api_key.reveal()) == (Source.USER, "openai", VALUE)
    assert answer.credential == resolution.ResolvedCredential(mine.id, "mine", mine.mask)
    assert (answer.fields, answer.base_url) == ({"organization": "org-1"}, row_of(portal, mine.id).base_url)
    assert VALUE not in repr(answer)


def test_the_order_is_proven_by_removing_one_by_one(make_portal: MakePortal) -> None:
    portal = make_portal(OPENAI_API_KEY=" sk-environment-01234 ")
    alice, root = person(portal, "alice"), person(portal, "root")
    agent = agent_of(portal, alice, Scope.RESOLVE)
    places = [
        (alice, USER, save(portal, alice, "1", "sk-own-first-0123456")),
        (alice, USER, save(portal, alice, "2", "sk-own-second-012345")),
        (root, SYSTEM, save(portal, root, "3", "sk-system-first-0123", SYSTEM)),
        (root, SYSTEM, save(portal, root, "4", "sk-system-second-012", SYSTEM)),
    ]
    seen = []
    for who, ownership, view in places:
        seen.append(resolve(portal, agent)[1])
        credentials.delete(portal, who, ownership, view.id)
    seen.append(resolve(portal, agent)[1])
    assert seen == ["sk-own-first-0123456", "sk-own-second-012345", "sk-system-first-0123",
                    "sk-system-second-012", "sk-environment-01234"]  # fmt: skip


def test_an_inactive_key_is_passed_over(portal: Portal, alice: Principal, agent: Principal) -> None:
    first, _ = save(portal, alice, "1"), save(portal, alice, "2", "sk-second-0123456789")
    credentials.update(portal, alice, USER, first.id, CredentialEdit(active=False))
    assert resolve(portal, agent) == (Source.USER, "sk-second-0123456789")


def test_a_key_is_passed_over_from_the_second_it_expires(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock
) -> None:
    save(portal, alice, "1", expires_at=START + timedelta(seconds=10))
    save(portal, alice, "2", "sk-second-0123456789")
    clock.advance(timedelta(seconds=9))
    assert resolve(portal, agent)[1] == VALUE
    clock.advance(timedelta(seconds=1))
    assert resolve(portal, agent)[1] == "sk-second-0123456789"


def test_a_damaged_key_is_an_error_and_nothing_else_is_used(make_portal: MakePortal) -> None:
    portal = make_portal(OPENAI_API_KEY="sk-environment-01234")
    alice, root = person(portal, "alice"), person(portal, "root")
    agent = agent_of(portal, alice, Scope.RESOLVE)
    save(portal, root, "system", ownership=SYSTEM)
    mine, second = save(portal, alice, "mine"), save(portal, alice, "second")
    spoil(portal, mine.id)
    for _ in range(2):
        with pytest.raises(KeyUnreadable):
            resolve(portal, agent)
    assert (row_of(portal, mine.id).unreadable, row_of(portal, second.id).usage_count) == (True, 0)


def test_a_refused_damaged_key_is_audited(portal: Portal, alice: Principal, agent: Principal) -> None:
    mine = save(portal, alice)
    spoil(portal, mine.id)
    with pytest.raises(KeyUnreadable):
        resolve(portal, agent)
    last = events(portal)[-1]
    assert (last.action, last.result, last.object_id) == ("credential.resolve", "failed", mine.id)
    assert (last.details["reason"], last.principal_id) == ("key_unreadable", agent.agent_key_id)


@pytest.mark.parametrize("moved", ["owner_key", "destination", "provider", "ownership", "secret_version"])
def test_a_blob_moved_by_a_writer_of_the_database_is_never_released(
    portal: Portal, alice: Principal, bob: Principal, agent: Principal, moved: str
) -> None:
    stolen = save(portal, bob, "bobs", "sk-bobs-0123456789ab", provider="anthropic")
    mine = save(portal, alice, "mine", provider="openai")
    values = {
        "owner_key": {"sealed": row_of(portal, stolen.id).sealed},
        "destination": {"destination": "https://evil.example"},
        "provider": {"sealed": row_of(portal, stolen.id).sealed, "provider": "openai"},
        "ownership": {"ownership": "system"},
        "secret_version": {"secret_version": 7},
    }[moved]
    spoil(portal, mine.id, **values)
    with pytest.raises(KeyUnreadable):
        resolve(portal, agent)


def test_a_key_under_an_unknown_key_id_heals_when_the_key_comes_back(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    mine = save(portal, alice)
    key_id = row_of(portal, mine.id).key_id
    spoil(portal, mine.id, key_id="00000000")
    with pytest.raises(KeyUnreadable):
        resolve(portal, agent)
    spoil(portal, mine.id, key_id=key_id)
    assert resolve(portal, agent)[1] == VALUE


@pytest.mark.parametrize("value", ["", "  ", "your-key-here", "changeme", "sk-xxxxxxxx"])
def test_an_empty_or_placeholder_variable_counts_as_absent(make_portal: MakePortal, value: str) -> None:
    portal = make_portal(OPENAI_API_KEY=value)
    agent = agent_of(portal, person(portal, "alice"), Scope.RESOLVE)
    with pytest.raises(NoKey) as refusal:
        resolve(portal, agent)
    assert "own keys, the system keys, the environment variables (OPENAI_API_KEY)" in refusal.value.message


def test_configured_names_come_first_then_the_usual_then_prefixed(make_portal: MakePortal) -> None:
    names = ["B_KEY", "A_KEY", "OPENAI_API_KEY", "RT_OPENAI_API_KEY", "Z_OPENAI_API_KEY"]
    config = {"KEYPORTAL_ENVIRONMENT_NAMES_OPENAI": "B_KEY,A_KEY", "KEYPORTAL_ENVIRONMENT_PREFIXES": "RT_,Z_"}
    seen = []
    for n in range(len(names)):
        portal = make_portal(**config, **{name: f"sk-{name}-value" for name in names[n:]})
        alice = person(portal, "alice")
        issued = agent_keys.create(portal, alice, NewAgentKey(f"{n}"))
        agent = access.require_agent(portal, issued.token.reveal())
        seen.append(resolve(portal, agent)[1])
    assert seen == [f"sk-{name}-value" for name in names]


def test_no_key_anywhere_is_audited(portal: Portal, agent: Principal) -> None:
    with pytest.raises(NoKey):
        resolve(portal, agent, model="gpt-4o")
    last = events(portal)[-1]
    assert (last.result, last.details["reason"], last.details["model"]) == ("failed", "no_key", "gpt-4o")


def test_an_unknown_provider_is_refused(portal: Portal, agent: Principal) -> None:
    with pytest.raises(UnknownProvider):
        resolution.resolve_key(portal, agent, "nobody")


def test_not_allowed_unknown_and_deactivated_are_refused_alike(
    portal: Portal, alice: Principal, bob: Principal, root: Principal, agent: Principal
) -> None:
    anybody = agent_of(portal, root, Scope.RESOLVE_ANY)
    set_user(portal, bob.user_id, active=False)
    refusals = set()
    for who, user in [(agent, "root@example.com"), (agent, "nobody@example.com"), (agent, ""),
                      (anybody, "bob@example.com"), (anybody, "nobody@example.com")]:  # fmt: skip
        with pytest.raises(Forbidden) as refusal:
            resolve(portal, who, user=user)
        refusals.add((refusal.value.code, refusal.value.message))
    assert len(refusals) == 1


def test_an_agent_may_name_its_own_owner(portal: Portal, alice: Principal, agent: Principal) -> None:
    save(portal, alice)
    assert resolve(portal, agent, user=" ALICE@example.com ")[0] is Source.USER


def test_an_agent_of_a_deactivated_person_releases_nothing(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    save(portal, alice)
    set_user(portal, alice.user_id, active=False)
    with pytest.raises(Forbidden):
        resolve(portal, agent)


def test_an_admins_agent_acts_for_anybody_only_while_its_owner_is_an_admin(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    save(portal, alice)
    token = agent_keys.create(portal, root, NewAgentKey("any", [Scope.RESOLVE_ANY])).token.reveal()
    before = access.require_agent(portal, token)
    assert resolve(portal, before, user="alice@example.com")[1] == VALUE
    set_user(portal, root.user_id, role="member")
    with pytest.raises(Forbidden):
        resolve(portal, access.require_agent(portal, token), user="alice@example.com")


def test_people_and_other_agents_release_nothing(portal: Portal, alice: Principal, root: Principal) -> None:
    save(portal, alice)
    reader = agent_of(portal, alice, Scope.KEYS_READ, Scope.KEYS_WRITE)
    for who in (alice, root, reader, anonymous_principal()):
        with pytest.raises(Forbidden):
            resolve(portal, who)


def test_the_operator_resolves_for_a_named_person_only(portal: Portal, alice: Principal) -> None:
    save(portal, alice)
    assert resolve(portal, operator_principal(), user="alice@example.com")[1] == VALUE
    with pytest.raises(Forbidden):
        resolve(portal, operator_principal())


def test_a_use_is_counted_where_it_happened(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock
) -> None:
    used, unused = save(portal, alice, "1"), save(portal, alice, "2")
    clock.advance(timedelta(hours=1))
    resolve(portal, agent)
    now = [credentials.get(portal, alice, USER, v.id) for v in (used, unused)]
    assert [(v.usage_count, v.last_used_at) for v in now] == [(1, clock.now()), (0, None)]


def test_every_call_of_many_at_once_is_counted(portal: Portal, alice: Principal, agent: Principal) -> None:
    view = save(portal, alice)
    calls = 1000 if portal.database.is_sqlite else 300
    with ThreadPoolExecutor(16) as pool:
        ids = list(
            pool.map(lambda _: resolution.resolve_key(portal, agent, "openai").resolution_id, range(calls))
        )
    assert credentials.get(portal, alice, USER, view.id).usage_count == len(set(ids)) == calls
    with portal.database.reading() as session:
        assert usage.usage_of(session, view.id, START.date()) == [(START.date(), calls)]
    assert {e.uid for e in events(portal)} >= set(ids)


def test_the_event_of_a_release_stands_when_the_answer_does(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    mine = save(portal, alice)
    answer = resolution.resolve_key(portal, agent, "openai", model="gpt-4o")
    last = events(portal)[-1]
    assert (last.uid, last.object_id, last.result) == (answer.resolution_id, mine.id, "ok")
    assert last.details == {"provider": "openai", "for_user": "alice@example.com", "model": "gpt-4o",
                            "source": "user", "mask": mine.mask, "secret_version": 1}  # fmt: skip


@pytest.mark.parametrize(
    "refuse",
    [
        pytest.param(lambda s: run_sql(s, "ALTER TABLE audit_events RENAME TO gone"), id="table-gone"),
        pytest.param(lambda s: run_sql(s, "ALTER TABLE audit_events ADD COLUMN x INTEGER"), id="control"),
    ],
)
def test_without_its_event_nothing_leaves_and_nothing_is_counted(
    portal: Portal,
    alice: Principal,
    agent: Principal,
    refuse: Callable[..., None],
    request: pytest.FixtureRequest,
) -> None:
    view = save(portal, alice)
    with portal.database.transaction() as session:
        refuse(session)
    released = []
    try:
        released.append(resolution.resolve_key(portal, agent, "openai"))
    except Exception as error:  # noqa: BLE001  # each database says it differently
        assert VALUE not in f"{error!r}{error.__cause__!r}{error.__context__!r}"
    count = credentials.get(portal, alice, USER, view.id).usage_count
    expected = 1 if request.node.callspec.id.endswith("control") else 0
    assert (len(released), count) == (expected, expected)


def test_a_key_whose_stored_address_was_changed_is_not_released(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    made = save(portal, alice)
    spoil(portal, made.id, base_url="https://evil.example/v1")
    with pytest.raises(KeyUnreadable):
        resolve(portal, agent)
