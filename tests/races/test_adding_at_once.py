"""Two who add at the same moment: one of one name, one for a provider where there may be one, one import."""

from typing import Any

import pytest

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal, Scope
from keyportal.domain.secret import Secret
from keyportal.services import importing, policies, resolution
from keyportal.services.portal import Portal
from tests.races.support import ROUNDS, Racers, names_of, require_one_chain
from tests.services.support import SYSTEM, USER, run_sql, save
from tests.services.test_resolution import agent_of

FIRST, SECOND = "sk-proj-first-0123456789abcdef", "sk-proj-second-0123456789abcdef"


def forget_all_keys(portal: Portal) -> None:
    """Begin a round anew, behind the services' back."""
    with portal.database.transaction() as session:
        run_sql(session, "DELETE FROM credentials")


def how_many(portal: Portal) -> int:
    with portal.database.reading() as session:
        return run_sql(session, "SELECT count(*) FROM credentials").scalar_one()


def one_key_each(portal: Portal, root: Principal, value: bool) -> None:
    policies.change_policies(portal, root, {"one_key_per_provider": value})


@pytest.mark.parametrize("ownership", [USER, SYSTEM])
def test_one_name_is_given_once(
    portal: Portal, other: Portal, alice: Principal, root: Principal, racers: Racers, ownership: Ownership
) -> None:
    owner, agent = (
        (alice, agent_of(portal, alice, Scope.RESOLVE))
        if ownership is USER
        else (root, agent_of(portal, root, Scope.RESOLVE))
    )
    for number in range(ROUNDS // 2):
        name = f"key {number}"
        made = racers.go(
            lambda: save(portal, owner, name, FIRST, ownership),
            lambda: save(other, owner, name.upper(), SECOND, ownership),
        )
        assert sorted(names_of(made)) == ["NameTaken", "done"]
        racers.seen[names_of(made)[0]] += 1
        # What was acknowledged is there, with the value it came with.
        expected = FIRST if names_of(made)[0] == "done" else SECOND
        found = resolution.resolve_key(portal, agent, "openai")
        assert found.api_key.reveal() == expected
        assert how_many(portal) == 1
        forget_all_keys(portal)
    assert len(racers.seen) == 2
    require_one_chain(portal)


def test_one_provider_has_one_key_where_that_is_the_policy(
    portal: Portal, other: Portal, alice: Principal, root: Principal, racers: Racers
) -> None:
    one_key_each(portal, root, True)
    for _ in range(ROUNDS):
        made = racers.go(lambda: save(portal, alice, "one"), lambda: save(other, alice, "two"))
        assert sorted(names_of(made)) == ["ProviderTaken", "done"]
        racers.seen[names_of(made)[0]] += 1
        assert how_many(portal) == 1
        forget_all_keys(portal)
    assert len(racers.seen) == 2
    require_one_chain(portal)


def test_a_policy_that_begins_while_keys_are_added_lets_none_by_behind_it(
    portal: Portal, other: Portal, alice: Principal, root: Principal, three_racers: Racers
) -> None:
    for _ in range(ROUNDS):
        before = _newest(portal)
        outcomes = three_racers.go(
            lambda: save(portal, alice, "one"),
            lambda: save(other, alice, "two"),
            lambda: one_key_each(portal, root, True),
        )
        assert outcomes[2] is None and set(names_of(outcomes)) <= {"done", "ProviderTaken"}
        # The trail is in the order of the commits: behind the policy there may only be the first key.
        added_first, added_then = _added_around_the_policy(portal, before)
        assert added_then == 0 or (added_first, added_then) == (0, 1)
        three_racers.seen[f"{added_first} before, {added_then} behind"] += 1
        one_key_each(portal, root, False)
        forget_all_keys(portal)
    assert len(three_racers.seen) > 1
    require_one_chain(portal)


def _newest(portal: Portal) -> int:
    with portal.database.reading() as session:
        return run_sql(session, "SELECT max(id) FROM audit_events").scalar_one()


def _added_around_the_policy(portal: Portal, after: int) -> tuple[int, int]:
    query = "SELECT action FROM audit_events WHERE id > :after ORDER BY id"
    with portal.database.reading() as session:
        actions = [str(action) for action in run_sql(session, query, after=after).scalars()]
    at = actions.index("policy.update")
    return actions[:at].count("credential.create"), actions[at:].count("credential.create")


FILE = Secret(
    f"OPENAI_API_KEY={FIRST}\nGROQ_API_KEY=gsk_{'a1B2' * 12}\nANTHROPIC_API_KEY=sk-ant-api03-{'x9' * 30}\n"
)


@pytest.mark.parametrize("ownership", [USER, SYSTEM])
def test_one_file_imported_twice_is_there_once(
    portal: Portal, other: Portal, alice: Principal, root: Principal, racers: Racers, ownership: Ownership
) -> None:
    owner = alice if ownership is USER else root
    for _ in range(ROUNDS // 2):
        done = racers.go(*(_importing(p, owner, ownership) for p in (portal, other)))
        added = [getattr(one, "added", name) for one, name in zip(done, names_of(done), strict=True)]
        assert sorted(map(str, added)) in (["0", "3"], ["3", "VersionConflict"], ["3", "LineRefused"])
        racers.seen["first" if added[0] == 3 else "second"] += 1
        assert how_many(portal) == 3
        forget_all_keys(portal)
    assert len(racers.seen) == 2
    require_one_chain(portal)


def _importing(portal: Portal, owner: Principal, ownership: Ownership) -> Any:
    return lambda: importing.run(portal, owner, ownership, FILE)
