"""Two who change the same things at the same moment: an order, a key's parts, an agent key's value."""

from keyportal.domain.errors import NotFound, VersionConflict
from keyportal.domain.principals import Principal, Scope
from keyportal.domain.secret import Secret
from keyportal.services import agent_keys, credential_order, credentials, resolution
from keyportal.services.agent_key_rotation import rotate
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from tests.races.support import ROUNDS, Racers, name_of, names_of, require_one_chain
from tests.services.support import SYSTEM, USER, row_of, save
from tests.services.test_resolution import agent_of


def test_two_who_move_keys_leave_every_place_taken_once(
    portal: Portal, other: Portal, root: Principal, racers: Racers
) -> None:
    ids = [save(portal, root, name, ownership=SYSTEM).id for name in "abcde"]
    order = "abcde"
    for number in range(ROUNDS):
        one, two = ids[number % 5], ids[(number + 1 + number % 4) % 5]
        moved = racers.go(
            lambda: credential_order.make_primary(portal, root, SYSTEM, one),
            lambda: credential_order.move(other, root, SYSTEM, two, number % 5),
        )
        assert names_of(moved) == ["done", "done"]
        found = credential_order.order_of(portal, root, SYSTEM, "openai").items
        assert [item.position for item in found] == [0, 1, 2, 3, 4]
        # One came after the other: the order is what one of the two turns makes of the one before.
        after, names = "".join(item.name for item in found), {v.id: v.name for v in found}
        first = _put(_put(order, names[one], 0), names[two], number % 5)
        second = _put(_put(order, names[two], number % 5), names[one], 0)
        assert after in (first, second)
        if first != second:
            racers.seen["first" if after == first else "second"] += 1
        order = after
    assert len(racers.seen) == 2
    require_one_chain(portal)


def _put(order: str, name: str, to: int) -> str:
    rest = order.replace(name, "")
    return rest[:to] + name + rest[to:]


def test_a_move_and_a_deletion_leave_places_that_are_taken_once(
    portal: Portal, other: Portal, alice: Principal, racers: Racers
) -> None:
    kept = [save(portal, alice, name).id for name in "ab"]
    for number in range(ROUNDS):
        doomed = save(portal, alice, f"doomed {number}").id
        outcomes = racers.go(
            lambda: credential_order.move(portal, alice, USER, doomed, 0),
            lambda: credentials.delete(other, alice, USER, doomed),
        )
        assert isinstance(outcomes[0], NotFound) or name_of(outcomes[0]) == "done"
        assert outcomes[1] is None
        racers.seen[name_of(outcomes[0])] += 1
        left = credential_order.order_of(portal, alice, USER, "openai").items
        assert [item.id for item in left] == kept
        assert len({item.position for item in left}) == 2
    assert len(racers.seen) == 2
    require_one_chain(portal)


def _edit(side: str, number: int, version: int) -> CredentialEdit:
    return CredentialEdit(
        version=version,
        name=f"{side} {number}",
        note=side,
        environment=side,
        api_key=Secret(f"sk-proj-{side}-{number:04}-0123456789"),
        fields={"organization": f"org-{side}"},
    )


def test_of_two_edits_of_one_version_one_is_saved_whole_and_one_is_told(
    portal: Portal, other: Portal, alice: Principal, racers: Racers
) -> None:
    agent, key = agent_of(portal, alice, Scope.RESOLVE), save(portal, alice)
    for number in range(ROUNDS):
        version = row_of(portal, key.id).version
        edits = {side: _edit(side, number, version) for side in ("one", "two")}
        saved = racers.go(
            lambda: credentials.update(portal, alice, USER, key.id, edits["one"]),
            lambda: credentials.update(other, alice, USER, key.id, edits["two"]),
        )
        assert sorted(names_of(saved)) == ["VersionConflict", "done"]
        side = "two" if isinstance(saved[0], VersionConflict) else "one"
        racers.seen[side] += 1
        row, found = row_of(portal, key.id), resolution.resolve_key(portal, agent, "openai")
        assert (row.version, row.name, row.note, row.environment) == (
            version + 1, f"{side} {number}", side, side)  # fmt: skip
        assert found.api_key.reveal() == f"sk-proj-{side}-{number:04}-0123456789"
        assert found.fields == {"organization": f"org-{side}"}
    assert len(racers.seen) == 2
    require_one_chain(portal)


def test_an_edit_and_a_deletion_leave_nothing_of_the_value(
    portal: Portal, other: Portal, alice: Principal, racers: Racers
) -> None:
    for number in range(ROUNDS):
        key = save(portal, alice, f"key {number}")
        outcomes = racers.go(
            lambda: credentials.update(
                portal, alice, USER, key.id, CredentialEdit(api_key=Secret("sk-proj-late-0123456789"))
            ),
            lambda: credentials.delete(other, alice, USER, key.id),
        )
        assert isinstance(outcomes[0], NotFound) or name_of(outcomes[0]) == "done"
        assert outcomes[1] is None
        racers.seen[name_of(outcomes[0])] += 1
        row = row_of(portal, key.id)
        assert (row.sealed, row.active) == (None, False) and row.deleted_at is not None
    assert len(racers.seen) == 2
    require_one_chain(portal)


def test_of_two_rotations_of_one_agent_key_one_makes_the_new_value(
    portal: Portal, other: Portal, alice: Principal, racers: Racers
) -> None:
    for number in range(ROUNDS):
        key = agent_keys.create(portal, alice, NewAgentKey(f"ci {number}")).view
        made = racers.go(
            lambda: rotate(portal, alice, key.id, version=key.version),
            lambda: rotate(other, alice, key.id, version=key.version),
        )
        assert sorted(names_of(made)) == ["VersionConflict", "done"]
        racers.seen[names_of(made)[0]] += 1
        there = agent_keys.search(portal, alice, agent_keys.AgentKeyFilter(f"ci {number}"), size=100).items
        mine = sorted(view.name for view in there if view.name.split(" (")[0] == f"ci {number}")
        assert len(mine) == 2 and mine[0] == f"ci {number}"
    assert len(racers.seen) == 2
    require_one_chain(portal)
