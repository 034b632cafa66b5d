"""Which key would be used for me, and why; and what deleting one would mean."""

import pytest

from keyportal.domain.errors import Forbidden, NotFound
from keyportal.domain.principals import Principal, Scope, operator_principal
from keyportal.services import credentials, overview
from keyportal.services.credentials import CredentialEdit
from keyportal.services.overview import ChainView
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person
from tests.services.support import SYSTEM, USER, VALUE, events, row_of, save, spoil
from tests.services.test_resolution import agent_of


def chain(portal: Portal, who: Principal) -> ChainView:
    return next(c for c in overview.chains_for(portal, who) if c.provider == "openai")


def test_without_any_key_the_chain_says_what_to_do(portal: Portal, alice: Principal) -> None:
    view = chain(portal, alice)
    assert (view.source, view.reason) == (
        "none",
        "No key anywhere. Add your own, or ask an admin for a system key.",
    )
    assert [(s.name, s.situation, s.verdict) for s in view.steps] == [
        ("OPENAI_API_KEY", "not set", "skipped")
    ]


def test_the_winner_is_marked_and_the_rest_is_not_reached(make_portal: MakePortal) -> None:
    portal = make_portal(OPENAI_API_KEY="sk-environment-01234")
    alice, root = person(portal, "alice"), person(portal, "root")
    save(portal, root, "system", ownership=SYSTEM)
    save(portal, alice, "mine")
    view = chain(portal, alice)
    assert [(s.source, s.verdict) for s in view.steps] == [
        ("user", "used"), ("system", "not_reached"), ("environment", "not_reached")]  # fmt: skip
    assert (view.source, view.reason) == ("user", "Your own key mine comes first.")
    assert "sk-environment-01234" not in repr(view) and VALUE not in repr(view)


def test_a_key_passed_over_is_named_with_its_reason(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    save(portal, root, "system", ownership=SYSTEM)
    save(portal, alice, "mine", active=False)
    view = chain(portal, alice)
    assert view.source == "system"
    assert view.reason.endswith("so the system key is used. mine is switched off.")


def test_a_variable_used_is_named_and_its_value_is_not(make_portal: MakePortal) -> None:
    portal = make_portal(OPENAI_API_KEY="sk-environment-01234")
    view = chain(portal, person(portal, "alice"))
    assert (view.source, view.steps[0].mask) == ("environment", "")
    assert "the server's OPENAI_API_KEY is used" in view.reason


def test_an_unreadable_key_blocks_the_chain(portal: Portal, alice: Principal, root: Principal) -> None:
    save(portal, root, "system", ownership=SYSTEM)
    spoil(portal, save(portal, alice, "mine").id, unreadable=True)
    view = chain(portal, alice)
    assert (view.source, [s.verdict for s in view.steps][:2]) == ("blocked", ["blocks", "not_reached"])
    assert "mine cannot be decrypted" in view.reason


def test_looking_releases_counts_and_audits_nothing(portal: Portal, alice: Principal) -> None:
    mine = save(portal, alice)
    before = len(events(portal))
    overview.chains_for(portal, alice)
    assert (row_of(portal, mine.id).usage_count, len(events(portal))) == (0, before)


def test_every_provider_is_there_and_those_with_a_key_come_first(portal: Portal, alice: Principal) -> None:
    save(portal, alice, provider="openrouter")
    chains = overview.chains_for(portal, alice)
    assert chains[0].provider == "openrouter"
    assert {c.provider for c in chains} == {p.id for p in portal.providers.all()}


def test_bobs_chain_holds_nothing_of_alice(portal: Portal, alice: Principal, bob: Principal) -> None:
    save(portal, alice)
    assert chain(portal, bob).source == "none"


def test_explaining_for_others_is_for_those_who_may_act_for_them(
    portal: Portal, alice: Principal, root: Principal, agent: Principal
) -> None:
    save(portal, alice)
    for who in (operator_principal(), agent_of(portal, root, Scope.RESOLVE_ANY)):
        assert overview.explain(portal, who, "OPENAI", "Alice@example.com").source == "user"
    for who in (alice, root, agent):
        with pytest.raises(Forbidden):
            overview.explain(portal, who, "openai", "alice@example.com")
    with pytest.raises(NotFound):
        overview.explain(portal, operator_principal(), "openai", "nobody@example.com")


def test_deleting_says_what_is_used_next(portal: Portal, alice: Principal, root: Principal) -> None:
    first = save(portal, alice, "first")
    said = [overview.after_deletion(portal, alice, USER, first.id)]
    save(portal, root, "ours", ownership=SYSTEM)
    said.append(overview.after_deletion(portal, alice, USER, first.id))
    save(portal, alice, "second")
    said.append(overview.after_deletion(portal, alice, USER, first.id))
    assert said == [
        "Nothing is left for OpenAI after this: programs that ask for it get no key.",
        "After this, OpenAI resolves to the system key ours.",
        "After this, OpenAI resolves to your own key second.",
    ]


def test_deleting_in_front_of_a_damaged_key_says_that_it_blocks(portal: Portal, alice: Principal) -> None:
    first, second = save(portal, alice, "first"), save(portal, alice, "second")
    spoil(portal, second.id, unreadable=True)
    said = overview.after_deletion(portal, alice, USER, first.id)
    assert said == "After this, OpenAI is blocked by second, which cannot be decrypted."


def test_deleting_a_system_key_is_told_from_the_view_of_those_without_their_own(
    portal: Portal, root: Principal
) -> None:
    system = save(portal, root, "ours", ownership=SYSTEM)
    save(portal, root, "roots own")
    assert overview.after_deletion(portal, root, SYSTEM, system.id).startswith("Nothing is left")


def test_deleting_somebody_elses_key_says_nothing(portal: Portal, alice: Principal, bob: Principal) -> None:
    mine = save(portal, alice)
    for who, ownership in ((bob, USER), (alice, SYSTEM)):
        with pytest.raises((NotFound, Forbidden)):
            overview.after_deletion(portal, who, ownership, mine.id)


def test_what_is_said_is_what_happens(portal: Portal, alice: Principal, root: Principal) -> None:
    first, second = save(portal, alice, "first"), save(portal, alice, "second")
    credentials.update(portal, alice, USER, second.id, CredentialEdit(active=False))
    save(portal, root, "ours", ownership=SYSTEM)
    said = overview.after_deletion(portal, alice, USER, first.id)
    credentials.delete(portal, alice, USER, first.id)
    assert chain(portal, alice).source == "system" and "the system key ours" in said
