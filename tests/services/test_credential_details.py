"""Everything about one key: its turn, its use by day, its history, and never its value."""

from datetime import timedelta

import pytest

from keyportal.domain.errors import Forbidden, NotFound
from keyportal.domain.principals import Principal, anonymous_principal
from keyportal.domain.secret import Secret
from keyportal.services import (
    bulk,
    checks,
    credential_order,
    credential_rotation,
    credentials,
    links,
    resolution,
)
from keyportal.services.credential_details import CredentialDetails, get_details
from keyportal.services.credential_rotation import NewValue
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from tests.services.support import SYSTEM, USER, VALUE, save, spoil
from tests.support import START, FakeClock

NEW = "sk-proj-detailsT3BlbkFJ9876543210zyx"


def details(portal: Portal, who: Principal, credential_id: str) -> CredentialDetails:
    return get_details(portal, who, USER, credential_id)


def test_a_key_that_is_new_has_little_to_tell(portal: Portal, alice: Principal) -> None:
    found = details(portal, alice, save(portal, alice, "mine", note="n").id)
    assert (found.view.name, found.view.note, found.check, found.links) == ("mine", "n", None, ())
    assert found.place == "The only key for OpenAI. It is used now."
    assert (len(found.usage), sum(day.count for day in found.usage)) == (30, 0)
    assert [(event.action, event.who) for event in found.history] == [
        ("credential.create", "alice@example.com")
    ]
    assert (found.waiting, found.related, found.view.is_primary) == (None, "", True)


def test_uses_are_counted_by_day(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock
) -> None:
    mine = save(portal, alice, "mine")
    for days in (0, 2, 29):
        clock.moment = START + timedelta(days=days)
        resolution.resolve_key(portal, agent, "openai")
    clock.moment = START + timedelta(days=30)
    found = details(portal, alice, mine.id)
    # The oldest of them is thirty days ago by now and out of sight.
    assert [(day.day.isoformat(), day.count) for day in found.usage if day.count] == [
        ("2026-11-23", 1),
        ("2026-12-20", 1),
    ]
    assert found.usage[-1].day == clock.moment.date()
    # A use is a number and no line of the history.
    assert [event.action for event in found.history] == ["credential.create"]


@pytest.mark.parametrize(
    ("spoilt", "sentence"),
    [
        ({}, "Second of 3 for OpenAI. It is used once neither a nor another key before it can be used."),
        ({"active": False}, "Second of 3 for OpenAI. It is passed over: it is switched off."),
    ],
)
def test_the_turn_of_a_key_is_told(
    portal: Portal, alice: Principal, spoilt: dict[str, object], sentence: str
) -> None:
    ids = [save(portal, alice, name).id for name in "abc"]
    if spoilt:
        spoil(portal, ids[1], **spoilt)
    assert details(portal, alice, ids[1]).place == sentence


def test_a_key_before_the_winner_says_why_it_is_passed_over(portal: Portal, alice: Principal) -> None:
    first = save(portal, alice, "a", active=False).id
    save(portal, alice, "b")
    assert details(portal, alice, first).place == (
        "First of 2 for OpenAI. It is passed over: it is switched off."
    )
    spoil(portal, first, active=True, unreadable=True)
    assert details(portal, alice, first).place.endswith("It stops the search: enter its value again.")


def test_a_system_keys_turn_is_that_of_people_without_their_own(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    save(portal, root, "own")
    system = save(portal, root, "fallback", ownership=SYSTEM)
    assert get_details(portal, root, SYSTEM, system.id).place == (
        "The only system key for OpenAI. It is used now for people without a usable key of their own."
    )


def test_a_general_key_says_where_it_is_used(portal: Portal, alice: Principal) -> None:
    general = save(portal, alice, "g", provider="")
    links.link(portal, alice, USER, general.id, "openai", "gpt-4o*")
    found = details(portal, alice, general.id)
    assert found.place == "Bound to no provider. It is used where it is linked."
    assert [(link.provider_name, link.model_pattern) for link in found.links] == [("OpenAI", "gpt-4o*")]
    assert (found.view.provider_name, found.view.is_general) == ("General", True)


async def test_the_history_says_who_did_what_in_words(portal: Portal, alice: Principal) -> None:
    mine, other = save(portal, alice, "mine"), save(portal, alice, "other")
    credentials.update(
        portal, alice, USER, mine.id, CredentialEdit(note="secret note", api_key=Secret(NEW), environment="x")
    )
    credential_order.move(portal, alice, USER, mine.id, 1)
    links.link(portal, alice, USER, mine.id, "openai", "gpt-4o*")
    await checks.check_saved(portal, alice, mine.id)
    bulk.set_active(portal, alice, USER, [mine.id, other.id], active=False)
    told = [(event.action, event.outcome or event.about) for event in details(portal, alice, mine.id).history]
    assert told == [
        ("credential.update", "switched on or off"),
        ("credential.check", "valid"),
        ("credential.link", "OpenAI gpt-4o*"),
        ("credential.move", "to place 2"),
        ("credential.update", "note, label, value"),
        ("credential.create", ""),
    ]
    assert "secret note" not in repr(told)


async def test_the_last_test_comes_with_its_models(portal: Portal, alice: Principal) -> None:
    mine = save(portal, alice, "mine")
    await checks.check_saved(portal, alice, mine.id)
    check = details(portal, alice, mine.id).check
    assert check is not None and (check.outcome, check.models) == ("valid", ("gpt-4o",))


def test_a_rotation_is_seen_from_both_sides(portal: Portal, alice: Principal) -> None:
    old = save(portal, alice, "Production")
    waiting = credential_rotation.begin(portal, alice, USER, old.id, NewValue(Secret(NEW)))
    assert details(portal, alice, old.id).waiting == waiting
    other_side = details(portal, alice, waiting.id)
    assert (other_side.related, other_side.place) == (
        "Production",
        "It waits to take another key's place, and is not used until then.",
    )
    credential_rotation.finish(portal, alice, USER, old.id)
    retired = details(portal, alice, old.id)
    assert (retired.related, retired.waiting) == ("Production", None)
    assert retired.view.expires_soon


def test_strangers_learn_nothing(portal: Portal, alice: Principal, bob: Principal, root: Principal) -> None:
    own, system = save(portal, alice, "own").id, save(portal, root, "system", ownership=SYSTEM).id
    for who, ownership, credential_id, error in (
        (bob, USER, own, NotFound),
        (root, USER, own, NotFound),
        (root, SYSTEM, own, NotFound),
        (alice, USER, system, NotFound),
        (alice, SYSTEM, system, Forbidden),
        (anonymous_principal(), USER, own, Forbidden),
    ):
        with pytest.raises(error):
            get_details(portal, who, ownership, credential_id)


def test_the_value_is_nowhere_in_it(portal: Portal, alice: Principal) -> None:
    assert VALUE not in repr(details(portal, alice, save(portal, alice, "mine").id))
