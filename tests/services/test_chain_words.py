"""What the chain calls a key with a fault, and which of several is said to come first."""

import pytest

from keyportal.domain.principals import Principal
from keyportal.services.credential_details import get_details
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person
from tests.services.reporting import decide
from tests.services.support import SYSTEM, USER, save, spoil
from tests.services.test_overview import chain

CONSENT = '"Use another key while this one fails"'


@pytest.mark.parametrize(
    ("policy", "consent", "why"),
    [
        (True, False, f"{CONSENT} is off for it"),
        (False, True, f"{CONSENT} is off in the policies"),
        (False, False, f"{CONSENT} is off in the policies"),
    ],
)
@pytest.mark.parametrize(("outcome", "fault"), [("invalid", "refused"), ("quota_exhausted", "without quota")])
def test_a_key_that_fails_and_may_not_step_back_is_not_called_ready(
    portal: Portal, alice: Principal, policy: bool, consent: bool, why: str, outcome: str, fault: str
) -> None:
    decide(portal, failover=policy)
    mine = save(portal, alice, failover=consent)
    spoil(portal, mine.id, health_outcome=outcome)
    save(portal, alice, "second")
    view, said = chain(portal, alice), f"{fault} when it was last tested"
    assert [s.situation for s in view.steps[:2]] == [f"{said}, still used", "ready"]
    assert view.reason == f"Your own key mine comes first. mine was {said} and is still used: {why}."
    assert get_details(portal, alice, USER, mine.id).place == (
        f"First of 2 for OpenAI. It is used now, although it was {said}: {why}."
    )


@pytest.mark.parametrize(
    ("outcome", "fault"),
    [
        ("rate_limited", "rate limited when it was last tested"),
        ("region_or_endpoint_mismatch", "saved for another region or address"),
    ],
)
def test_what_makes_no_key_step_back_is_told_as_such(
    portal: Portal, alice: Principal, outcome: str, fault: str
) -> None:
    decide(portal, failover=True)
    spoil(portal, save(portal, alice, failover=True).id, health_outcome=outcome)
    assert chain(portal, alice).reason == (
        f"Your own key mine comes first. mine was {fault} and is still used: another key is used"
        " only where the key itself is refused or its quota is used up."
    )


def test_of_a_key_that_is_not_needed_the_chain_says_how_it_is_too(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "first")
    spoil(portal, save(portal, alice, "second").id, health_outcome="invalid")
    view = chain(portal, alice)
    assert (view.steps[1].situation, view.reason) == (
        "refused when it was last tested",
        "Your own key first comes first.",
    )


@pytest.mark.parametrize("outcome", [None, "valid", "valid_limited", "unreachable", "provider_error"])
def test_what_says_nothing_against_a_key_leaves_it_ready(
    portal: Portal, alice: Principal, outcome: str | None
) -> None:
    spoil(portal, save(portal, alice).id, health_outcome=outcome)
    assert chain(portal, alice).steps[0].situation == "ready"


def test_only_the_first_of_ones_keys_comes_first(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "off", active=False)
    save(portal, alice, "on")
    assert (
        chain(portal, alice).reason == "Your own key on is the first that can be used. off is switched off."
    )


def test_what_steps_back_is_not_called_missing(make_portal: MakePortal) -> None:
    portal = make_portal(OPENAI_API_KEY="sk-environment-01234")
    alice, root = person(portal, "alice"), person(portal, "root")
    decide(portal, failover=True)
    spoil(portal, save(portal, alice, failover=True).id, health_outcome="invalid")
    assert chain(portal, alice).reason == (
        "No saved key is left that works, so the server's OPENAI_API_KEY is used meanwhile. mine was refused"
        " when it was last tested."
    )
    save(portal, root, "Team", ownership=SYSTEM)
    assert chain(portal, alice).reason == (
        "No key of your own is left that works, so the system key Team is used meanwhile. mine was refused"
        " when it was last tested."
    )
