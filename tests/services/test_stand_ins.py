"""Which keys that fail are said to step back, what is used meanwhile, and which key stands in where."""

import pytest

from keyportal.domain.principals import Principal
from keyportal.services import credential_lists, links
from keyportal.services.attention import attention_for
from keyportal.services.credential_lists import CredentialFilter
from keyportal.services.portal import Portal
from tests.services.reporting import decide, report
from tests.services.support import SYSTEM, USER, save, spoil
from tests.services.test_stepping_back import details, listed, used


def told(portal: Portal, who: Principal, name: str) -> tuple[str, bool]:
    """Return what list and drawer say of a key that fails: both the same."""
    view = listed(portal, who)[name]
    drawer = details(portal, who, view.id).view
    assert (drawer.instead, drawer.steps_back) == (view.instead, view.steps_back)
    return view.instead, view.steps_back


def stood_in_for(portal: Portal, who: Principal, name: str) -> str:
    """Return what list, drawer and a list of this key alone say of a key in use: all the same."""
    view = listed(portal, who)[name]
    (alone,) = credential_lists.search(portal, who, USER, CredentialFilter(name)).items
    assert details(portal, who, view.id).view.stands_in == alone.stands_in == view.stands_in
    return view.stands_in


@pytest.fixture
def failing_second(portal: Portal, alice: Principal, agent: Principal) -> str:
    """The id of Alice's first key; her second was reported to be refused."""
    decide(portal, failover=True)
    first = save(portal, alice, "first", failover=True)
    report(portal, agent, save(portal, alice, "second", failover=True).id, "auth_failed")
    return first.id


@pytest.mark.parametrize("damage", [{"unreadable": True}, {"sealed": None}], ids=["unreadable", "no value"])
def test_behind_a_key_that_stops_the_search_none_steps_back(
    portal: Portal, alice: Principal, failing_second: str, damage: dict[str, object]
) -> None:
    spoil(portal, failing_second, **damage)
    assert told(portal, alice, "second") == ("", False)
    assert [i.concern for i in attention_for(portal, alice).items if i.name == "second"] == ["reported"]


def test_a_key_that_would_not_be_used_anyway_does_not_step_back(
    portal: Portal, alice: Principal, failing_second: str
) -> None:
    assert told(portal, alice, "second") == ("", False)
    assert stood_in_for(portal, alice, "first") == ""
    (item,) = attention_for(portal, alice).items
    assert (item.concern, item.sentence) == (
        "reported",
        "agent reported that OpenAI refused this key. Test it, and replace its value if the test is refused"
        " too.",
    )


def test_of_two_that_fail_the_first_is_used_and_none_steps_back(
    portal: Portal, alice: Principal, agent: Principal, failing_second: str
) -> None:
    report(portal, agent, failing_second, "quota_exhausted")
    assert told(portal, alice, "first") == ("Nothing else can be used, so it is used all the same.", False)
    assert told(portal, alice, "second") == ("", False)
    assert used(portal, agent) == "first"
    assert {i.concern for i in attention_for(portal, alice).items} == {"reported"}


def test_of_two_that_fail_both_step_back_for_one_that_works(
    portal: Portal, alice: Principal, root: Principal, agent: Principal, failing_second: str
) -> None:
    report(portal, agent, failing_second, "quota_exhausted")
    save(portal, root, "Team", ownership=SYSTEM)
    words = ("The system key Team is used meanwhile.", True)
    assert (told(portal, alice, "first"), told(portal, alice, "second")) == (words, words)
    assert [i.concern for i in attention_for(portal, alice).items] == ["steps_back", "steps_back"]


def test_a_key_that_stands_in_through_a_link_is_marked_wherever_it_is_shown(
    portal: Portal, alice: Principal, bob: Principal, agent: Principal
) -> None:
    decide(portal, failover=True)
    mine = save(portal, alice, "mine", failover=True)
    general = save(portal, alice, "general", provider="")
    links.link(portal, alice, USER, general.id, "openai", "")
    save(portal, bob, "general", provider="")
    assert stood_in_for(portal, alice, "general") == ""
    report(portal, agent, mine.id, "auth_failed")
    assert used(portal, agent) == "general"
    assert stood_in_for(portal, alice, "general") == "Used for OpenAI while mine steps back."
    assert stood_in_for(portal, bob, "general") == ""


def test_linked_for_some_models_only_it_does_not_stand_in(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    decide(portal, failover=True)
    mine = save(portal, alice, "mine", failover=True)
    general = save(portal, alice, "general", provider="")
    links.link(portal, alice, USER, general.id, "openai", "gpt-4o*")
    report(portal, agent, mine.id, "auth_failed")
    assert stood_in_for(portal, alice, "general") == ""


def test_one_key_may_stand_in_for_two_providers(portal: Portal, alice: Principal) -> None:
    decide(portal, failover=True)
    general = save(portal, alice, "general", provider="")
    for provider in ("openai", "groq"):
        links.link(portal, alice, USER, general.id, provider, "")
        mine = save(portal, alice, f"my {provider}", provider=provider, failover=True)
        spoil(portal, mine.id, health_outcome="invalid")
    assert stood_in_for(portal, alice, "general") == (
        "Used for Groq while my groq steps back. Used for OpenAI while my openai steps back."
    )
