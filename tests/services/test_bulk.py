"""Several keys at once: all or nothing, an event for each, and never somebody else's."""

from typing import Any

import pytest

from keyportal.domain.errors import Forbidden, InvalidInput, NotFound
from keyportal.domain.principals import Principal, anonymous_principal
from keyportal.services import bulk, credential_lists
from keyportal.services.portal import Portal
from tests.services.support import SYSTEM, USER, events, row_of, save

UNKNOWN = "01234567-89ab-cdef-0123-456789abcdef"


def statuses(portal: Portal, who: Principal) -> dict[str, str]:
    return {view.name: view.status for view in credential_lists.search(portal, who, USER).items}


def test_keys_are_switched_together_and_each_change_is_on_the_trail(portal: Portal, alice: Principal) -> None:
    ids = [save(portal, alice, name).id for name in "abc"]
    bulk.set_active(portal, alice, USER, ids[:1], active=False)
    before = len(events(portal))
    assert bulk.set_active(portal, alice, USER, ids, active=False) == 2
    assert set(statuses(portal, alice).values()) == {"inactive"}
    trail = events(portal)[before:]
    assert {e.object_id for e in trail} == set(ids[1:])
    assert [e.details["changed"] for e in trail] == [["active"], ["active"]]
    assert bulk.set_active(portal, alice, USER, ids, active=True) == 3


def test_keys_are_deleted_together_and_wiped(portal: Portal, alice: Principal) -> None:
    ids = [save(portal, alice, name).id for name in "abc"]
    assert bulk.delete(portal, alice, USER, ids[:2]) == 2
    assert statuses(portal, alice) == {"c": "active"}
    assert [row_of(portal, one).sealed for one in ids[:2]] == [None, None]
    assert [e.action for e in events(portal)[-2:]] == ["credential.delete"] * 2


@pytest.mark.parametrize("act", ["off", "delete", "ask"])
def test_one_strange_id_and_nothing_happens(
    portal: Portal, alice: Principal, bob: Principal, root: Principal, act: str
) -> None:
    mine = save(portal, alice, "mine").id
    strangers = [
        save(portal, bob, "bobs").id,
        save(portal, root, "system", ownership=SYSTEM).id,
        UNKNOWN,
        "\x00",
        "../1",
    ]
    before = len(events(portal))
    for stranger in strangers:
        with pytest.raises(NotFound):
            do(portal, alice, act, [mine, stranger])
    for who, ownership in ((alice, SYSTEM), (anonymous_principal(), USER)):
        with pytest.raises(Forbidden):
            do(portal, who, act, [mine], ownership)
    assert statuses(portal, alice) == {"mine": "active"}
    assert len(events(portal)) == before


def do(portal: Portal, who: Principal, act: str, ids: list[str], ownership: Any = USER) -> None:
    match act:
        case "off":
            bulk.set_active(portal, who, ownership, ids, active=False)
        case "delete":
            bulk.delete(portal, who, ownership, ids)
        case _:
            bulk.ask_deletion(portal, who, ownership, ids)


def test_none_and_more_than_a_page_are_refused(portal: Portal, alice: Principal) -> None:
    for ids in ([], [f"{n:08x}-89ab-cdef-0123-456789abcdef" for n in range(101)]):
        with pytest.raises(InvalidInput):
            bulk.delete(portal, alice, USER, ids)


def test_the_same_id_twice_counts_once(portal: Portal, alice: Principal) -> None:
    one = save(portal, alice, "one").id
    assert bulk.delete(portal, alice, USER, [one, one]) == 1


def test_the_question_says_how_many_and_what_is_left(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    first, second = (save(portal, alice, name).id for name in ("a", "b"))
    other = save(portal, alice, "c", provider="anthropic").id
    one = bulk.ask_deletion(portal, alice, USER, [first])
    assert (one.count, one.names) == (1, "a")
    assert one.consequence == "Another key is left for every provider they are used for."
    all_three = bulk.ask_deletion(portal, alice, USER, [first, second, other])
    assert (all_three.count, all_three.names) == (3, "a, b, c")
    assert "Nothing is left for Anthropic and OpenAI" in all_three.consequence
    save(portal, root, "fallback", ownership=SYSTEM)
    again = bulk.ask_deletion(portal, alice, USER, [first, second, other])
    assert again.consequence.startswith("Nothing is left for Anthropic after")


def test_keys_nothing_resolves_to_leave_nothing_behind(portal: Portal, alice: Principal) -> None:
    general = [save(portal, alice, f"g{n}", provider="").id for n in range(5)]
    asked = bulk.ask_deletion(portal, alice, USER, general)
    assert (asked.names, asked.consequence) == ("g0, g1, g2 and 2 more", "Nothing resolves to them.")
