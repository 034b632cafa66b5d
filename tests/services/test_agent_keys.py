"""Agent keys: rotated with an overlap, ended several at once, and what an admin sees of a person's."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from keyportal.domain.errors import (
    AgentKeyExpired,
    Forbidden,
    InvalidInput,
    NotFound,
    VersionConflict,
)
from keyportal.domain.principals import Principal, Role, Scope
from keyportal.services import access, agent_keys, policies
from keyportal.services.agent_key_rotation import rotate
from keyportal.services.agent_keys import AgentKeyFilter, AgentKeyView, NewAgentKey
from keyportal.services.portal import Portal
from tests.conftest import person
from tests.services.support import events
from tests.services.test_resolution import set_user
from tests.support import FakeClock

DAY = timedelta(days=1)


def make(portal: Portal, who: Principal, name: str = "Nightly", **more: object) -> AgentKeyView:
    return agent_keys.create(portal, who, NewAgentKey(name, **more)).view  # type: ignore[arg-type]


def named(portal: Portal, who: Principal) -> dict[str, AgentKeyView]:
    return {view.name: view for view in agent_keys.search(portal, who, sort="name").items}


def test_after_a_rotation_both_values_work_until_the_overlap_ends(
    portal: Portal, alice: Principal, clock: FakeClock
) -> None:
    old = agent_keys.create(portal, alice, NewAgentKey("Nightly", [Scope.RESOLVE, Scope.KEYS_READ]))
    new = rotate(portal, alice, old.view.id, 7)
    assert (new.view.name, new.view.scopes) == ("Nightly", ("resolve", "keys:read"))
    assert set(named(portal, alice)) == {"Nightly", "Nightly (old)"}
    access.require_agent(portal, old.token.reveal())
    clock.advance(7 * DAY)
    assert access.require_agent(portal, new.token.reveal()).agent_key_id == new.view.id
    with pytest.raises(AgentKeyExpired):
        access.require_agent(portal, old.token.reveal())


def test_without_an_overlap_the_old_value_ends_at_once(portal: Portal, alice: Principal) -> None:
    old = agent_keys.create(portal, alice, NewAgentKey("Nightly"))
    rotate(portal, alice, old.view.id, 0)
    with pytest.raises(AgentKeyExpired):
        access.require_agent(portal, old.token.reveal())


def test_an_overlap_never_makes_the_old_value_live_longer(portal: Portal, alice: Principal) -> None:
    old = make(portal, alice, lifetime=3 * DAY)
    rotate(portal, alice, old.id, 30)
    assert named(portal, alice)["Nightly (old)"].expires_at == old.expires_at


def test_a_new_value_lives_as_long_as_the_old_one_did_and_no_longer_than_the_policy(
    portal: Portal, alice: Principal, root: Principal, clock: FakeClock
) -> None:
    old = make(portal, alice, lifetime=300 * DAY)
    clock.advance(DAY)
    new = rotate(portal, alice, old.id).view
    assert new.expires_at - new.created_at == 300 * DAY
    policies.change_policies(portal, root, {"agent_key_days": 30, "agent_key_longest_days": 60})
    last = rotate(portal, alice, new.id).view
    assert last.expires_at - last.created_at == 60 * DAY


def test_rotating_again_and_again_finds_free_names_within_the_limit(portal: Portal, alice: Principal) -> None:
    key_id = make(portal, alice, "x" * 80).id
    for _ in range(3):
        key_id = rotate(portal, alice, key_id).view.id
    found = set(named(portal, alice))
    assert found == {"x" * 80, "x" * 74 + " (old)", "x" * 72 + " (old 2)", "x" * 72 + " (old 3)"}


def test_a_rotation_is_one_event_that_names_what_it_replaces(portal: Portal, alice: Principal) -> None:
    old = make(portal, alice)
    before = len(events(portal))
    issued = rotate(portal, alice, old.id)
    (said,) = events(portal)[before:]
    assert (said.action, said.object_id) == ("agent_key.rotate", issued.view.id)
    assert said.details["replaces"] == old.id
    assert issued.token.reveal() not in repr(events(portal))


def test_a_revoked_key_an_odd_overlap_and_a_stale_page_are_refused(portal: Portal, alice: Principal) -> None:
    key = make(portal, alice)
    with pytest.raises(InvalidInput):
        rotate(portal, alice, key.id, 3)
    with pytest.raises(VersionConflict):
        rotate(portal, alice, key.id, version=key.version + 1)
    agent_keys.revoke(portal, alice, key.id)
    with pytest.raises(InvalidInput):
        rotate(portal, alice, key.id)
    assert set(named(portal, alice)) == {"Nightly"}


def test_whoever_is_no_admin_any_more_cannot_renew_a_key_for_anybody(portal: Portal, root: Principal) -> None:
    key = make(portal, root, scopes=[Scope.RESOLVE_ANY])
    set_user(portal, root.user_id, role=Role.MEMBER)
    with pytest.raises(Forbidden):
        rotate(portal, person(portal, "root"), key.id)


@pytest.mark.parametrize(
    "act",
    [
        lambda p, who, id: rotate(p, who, id),
        lambda p, who, id: agent_keys.revoke_many(p, who, [id]),
        lambda p, who, id: agent_keys.delete_many(p, who, [id]),
    ],
    ids=["rotate", "revoke", "delete"],
)
def test_bob_and_even_an_admin_do_nothing_with_alices_key(
    portal: Portal, alice: Principal, bob: Principal, root: Principal, act: Callable[..., object]
) -> None:
    was = make(portal, alice)
    for who in (bob, root):
        with pytest.raises(NotFound):
            act(portal, who, was.id)
    assert named(portal, alice) == {"Nightly": was}


def test_several_are_revoked_and_deleted_at_once_with_an_event_each(portal: Portal, alice: Principal) -> None:
    ids = [make(portal, alice, f"key {n}").id for n in range(3)]
    agent_keys.revoke(portal, alice, ids[0])
    assert agent_keys.revoke_many(portal, alice, ids) == 2
    assert {v.status for v in named(portal, alice).values()} == {"revoked"}
    assert agent_keys.delete_many(portal, alice, [*ids, ids[0]]) == 3
    assert named(portal, alice) == {}
    actions = [e.action for e in events(portal) if e.object_id in ids]
    assert (actions.count("agent_key.revoke"), actions.count("agent_key.delete")) == (3, 3)


def test_one_key_of_somebody_else_among_several_and_nothing_happens(
    portal: Portal, alice: Principal, bob: Principal
) -> None:
    mine, his = make(portal, alice), make(portal, bob)
    for act in (agent_keys.revoke_many, agent_keys.delete_many):
        with pytest.raises(NotFound):
            act(portal, alice, [mine.id, his.id])
    assert named(portal, alice) == {"Nightly": mine}


@pytest.mark.parametrize(
    "ids", [[], ["x"] * 1, [f"{n}" for n in range(101)]], ids=["none", "junk", "too many"]
)
def test_odd_selections_are_refused(portal: Portal, alice: Principal, ids: Sequence[str]) -> None:
    with pytest.raises((InvalidInput, NotFound)):
        agent_keys.revoke_many(portal, alice, ids)


def test_the_list_sorts_filters_and_refuses_what_it_does_not_know(
    portal: Portal, alice: Principal, clock: FakeClock
) -> None:
    first = make(portal, alice, "b", lifetime=2 * DAY)
    clock.advance(DAY)
    make(portal, alice, "a")
    agent_keys.revoke(portal, alice, first.id)
    orders = {
        s: [v.name for v in agent_keys.search(portal, alice, sort=s).items]
        for s in ("name", "-created", "expires")
    }
    assert orders == {"name": ["a", "b"], "-created": ["a", "b"], "expires": ["b", "a"]}
    assert [v.name for v in agent_keys.search(portal, alice, AgentKeyFilter(status="revoked")).items] == ["b"]
    with pytest.raises(InvalidInput):
        agent_keys.search(portal, alice, sort="digest")
    with pytest.raises(InvalidInput):
        agent_keys.search(portal, alice, AgentKeyFilter(status="odd"))


def test_a_lifetime_follows_the_policies(portal: Portal, alice: Principal, root: Principal) -> None:
    policies.change_policies(portal, root, {"agent_key_days": 10, "agent_key_longest_days": 20})
    view = make(portal, alice)
    assert view.expires_at - view.created_at == 10 * DAY
    assert not view.expires_soon
    assert agent_keys.lifetimes(portal, alice) == agent_keys.Lifetimes(10, 20)
    with pytest.raises(InvalidInput):
        make(portal, alice, "long", lifetime=21 * DAY)


@pytest.mark.parametrize(
    ("lives", "passed", "soon"), [(90, 75, False), (90, 76, True), (7, 5, False), (7, 6, True), (1, 0, False)]
)
def test_a_key_is_marked_before_it_ends_and_not_from_its_beginning(
    portal: Portal, alice: Principal, clock: FakeClock, lives: int, passed: int, soon: bool
) -> None:
    make(portal, alice, lifetime=lives * DAY)
    clock.advance(passed * DAY)
    assert named(portal, alice)["Nightly"].expires_soon is soon


def test_an_admin_sees_a_persons_keys_masked_and_revokes_one(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    issued = agent_keys.create(portal, alice, NewAgentKey("Nightly"))
    (seen,) = agent_keys.agent_keys_of(portal, root, alice.user_id or "")
    assert (seen.mask, issued.token.reveal() in repr(seen)) == (issued.view.mask, False)
    assert agent_keys.revoke_for(portal, root, alice.user_id or "", seen.id).status == "revoked"
    assert [e.principal_label for e in events(portal)][-1] == "root@example.com"


def test_only_an_admin_does_that_and_only_with_the_right_owner(
    portal: Portal, alice: Principal, bob: Principal, root: Principal
) -> None:
    key = make(portal, alice)
    with pytest.raises(Forbidden):
        agent_keys.agent_keys_of(portal, bob, alice.user_id or "")
    with pytest.raises(Forbidden):
        agent_keys.revoke_for(portal, bob, alice.user_id or "", key.id)
    with pytest.raises(NotFound):
        agent_keys.revoke_for(portal, root, bob.user_id or "", key.id)
    assert agent_keys.agent_keys_of(portal, root, "junk") == []
