"""The order of keys: moved, primary, nobody else's, and right under many hands at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import Forbidden, InvalidInput, KeyPortalError, NotFound, VersionConflict
from keyportal.domain.principals import Principal, anonymous_principal
from keyportal.services import credential_lists, credential_order, credentials, resolution
from keyportal.services.credential_order import change, make_primary, move, move_down, move_up, order_of
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from tests.services.support import SYSTEM, USER, events, save, spoil


def add(portal: Portal, who: Principal, *names: str, ownership: Ownership = USER) -> dict[str, str]:
    return {name: save(portal, who, name, ownership=ownership).id for name in names}


def order(portal: Portal, who: Principal, ownership: Ownership = USER) -> str:
    return "".join(item.name for item in order_of(portal, who, ownership, "openai").items)


@pytest.mark.parametrize(
    ("name", "to", "expected"), [("a", 2, "bca"), ("c", 0, "cab"), ("b", 99, "acb"), ("b", 1, "abc")]
)
def test_a_key_is_moved_to_a_place(
    portal: Portal, alice: Principal, name: str, to: int, expected: str
) -> None:
    ids = add(portal, alice, "a", "b", "c")
    assert move(portal, alice, USER, ids[name], to).position == expected.index(name)
    assert order(portal, alice) == expected


def test_a_key_moves_up_and_down_and_stops_at_the_ends(portal: Portal, root: Principal) -> None:
    ids = add(portal, root, "a", "b", "c", ownership=SYSTEM)
    for act, name, expected in (
        (move_up, "a", "abc"),
        (move_up, "c", "acb"),
        (move_down, "a", "cab"),
        (move_down, "b", "cab"),
    ):
        act(portal, root, SYSTEM, ids[name])
        assert order(portal, root, SYSTEM) == expected


def test_what_is_used_follows_the_order(portal: Portal, alice: Principal, agent: Principal) -> None:
    ids = add(portal, alice, "a", "b")
    assert getattr(resolution.resolve_key(portal, agent, "openai").credential, "name", "") == "a"
    make_primary(portal, alice, USER, ids["b"])
    assert getattr(resolution.resolve_key(portal, agent, "openai").credential, "name", "") == "b"


def test_only_an_active_key_is_made_primary(portal: Portal, alice: Principal) -> None:
    add(portal, alice, "a")
    off = save(portal, alice, "off", active=False)
    with pytest.raises(InvalidInput):
        make_primary(portal, alice, USER, off.id)
    assert order(portal, alice) == "aoff"


def test_the_first_usable_key_is_marked_primary_and_none_behind_a_broken_one(
    portal: Portal, alice: Principal
) -> None:
    save(portal, alice, "off", active=False)
    ids = add(portal, alice, "a", "b")
    save(portal, alice, "other", provider="anthropic")

    def primary() -> set[str]:
        return {v.name for v in credential_lists.search(portal, alice, USER).items if v.is_primary}

    assert primary() == {"a", "other"}
    spoil(portal, ids["a"], unreadable=True)
    assert primary() == {"other"}


def test_a_move_is_one_event_and_no_move_is_none(portal: Portal, alice: Principal) -> None:
    ids = add(portal, alice, "a", "b")
    before = len(events(portal))
    move(portal, alice, USER, ids["a"], 0)
    assert len(events(portal)) == before
    move(portal, alice, USER, ids["a"], 1)
    [event] = events(portal)[before:]
    assert (event.action, event.object_id, event.details["position"]) == ("credential.move", ids["a"], 1)


def test_a_place_that_cannot_be_is_refused(portal: Portal, alice: Principal) -> None:
    ids = add(portal, alice, "a")
    general = save(portal, alice, "general", provider="")
    odd: list[Any] = [-1, True, "1", None]
    for place in odd:
        with pytest.raises(InvalidInput):
            move(portal, alice, USER, ids["a"], place)
    with pytest.raises(InvalidInput, match="General"):
        move(portal, alice, USER, general.id, 0)
    with pytest.raises(VersionConflict):
        move(portal, alice, USER, ids["a"], 0, version=9)


@pytest.mark.parametrize("act", ["move", "move_up", "move_down", "make_primary"])
def test_strangers_move_nothing(
    portal: Portal, alice: Principal, bob: Principal, root: Principal, act: str
) -> None:
    own = add(portal, alice, "a", "b")["b"]
    system = add(portal, root, "s", "t", ownership=SYSTEM)["t"]
    more = [0] if act == "move" else []
    for who, ownership, credential_id, error in (
        (bob, USER, own, NotFound),
        (root, USER, own, NotFound),
        (root, SYSTEM, own, NotFound),
        (alice, SYSTEM, system, Forbidden),
        (anonymous_principal(), USER, own, Forbidden),
    ):
        with pytest.raises(error):
            getattr(credential_order, act)(portal, who, ownership, credential_id, *more)
    assert (order(portal, alice), order(portal, root, SYSTEM)) == ("ab", "st")


def test_an_order_is_read_by_its_owner_alone(portal: Portal, alice: Principal, bob: Principal) -> None:
    add(portal, alice, "a")
    assert order(portal, bob) == ""
    with pytest.raises(Forbidden):
        order(portal, alice, SYSTEM)


def test_keys_added_at_once_have_places_of_their_own(portal: Portal, alice: Principal) -> None:
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda number: save(portal, alice, f"key {number}"), range(6)))
    assert sorted(view.position for view in made) == list(range(6))


def test_a_change_with_a_place_is_made_as_one(portal: Portal, alice: Principal) -> None:
    ids = add(portal, alice, "a", "b", "c")
    before = len(events(portal))
    for wrong in (CredentialEdit(note="n", name="a"), CredentialEdit(note="n", version=9)):
        with pytest.raises(KeyPortalError):
            change(portal, alice, USER, ids["c"], wrong, 0)
    with pytest.raises(InvalidInput):
        change(portal, alice, USER, ids["c"], CredentialEdit(note="n"), -1)
    assert (order(portal, alice), len(events(portal))) == ("abc", before)
    assert credentials.get(portal, alice, USER, ids["c"]).note == ""
    changed = change(portal, alice, USER, ids["c"], CredentialEdit(note="n"), 0)
    assert (order(portal, alice), changed.note, changed.position) == ("cab", "n", 0)
    assert [e.action for e in events(portal)[before:]] == ["credential.update", "credential.move"]


def test_a_change_and_its_place_are_in_one_transaction(
    portal: Portal, alice: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = add(portal, alice, "a", "b")

    def fails(*_: Any, **__: Any) -> None:
        raise NotFound

    monkeypatch.setattr(credential_order, "record_key", fails)
    with pytest.raises(NotFound):
        change(portal, alice, USER, ids["b"], CredentialEdit(note="n"), 0)
    assert (order(portal, alice), credentials.get(portal, alice, USER, ids["b"]).note) == ("ab", "")


def test_many_moves_at_once_leave_every_place_taken_once(portal: Portal, alice: Principal) -> None:
    ids = list(add(portal, alice, *"abcdef").values())

    def shuffle(number: int) -> str:
        try:
            (move_up, move_down, make_primary)[number % 3](portal, alice, USER, ids[number % 6])
        except KeyPortalError as refusal:
            return refusal.code
        return ""

    with ThreadPoolExecutor(6) as hands:
        assert set(hands.map(shuffle, range(18))) == {""}
    found = order_of(portal, alice, USER, "openai").items
    assert [item.position for item in found] == list(range(6))
