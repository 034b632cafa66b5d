"""Which key would be used for me, and why; and what deleting one would mean."""

from typing import Any

import pytest
from sqlalchemy import event

from keyportal.domain.errors import Forbidden, NotFound
from keyportal.domain.principals import Principal, Scope, operator_principal
from keyportal.services import credentials, overview, provider_edits
from keyportal.services.credentials import CredentialEdit
from keyportal.services.overview import ChainView
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person
from tests.services.support import SYSTEM, USER, VALUE, events, row_of, save, spoil
from tests.services.test_resolution import agent_of
from tests.support import START


def chain(portal: Portal, who: Principal) -> ChainView:
    return next(c for c in overview.overview_for(portal, who).chains if c.provider == "openai")


def explained(portal: Portal, who: Principal, provider: str = "openai") -> ChainView:
    return overview.explain(portal, operator_principal(), provider, who.email)


def test_without_any_key_the_chain_says_what_to_do(portal: Portal, alice: Principal) -> None:
    view = explained(portal, alice)
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
    overview.overview_for(portal, alice)
    assert (row_of(portal, mine.id).usage_count, len(events(portal))) == (0, before)


def test_only_providers_in_use_have_a_chain_and_the_rest_is_counted(portal: Portal, alice: Principal) -> None:
    everything = len(portal.providers.all())
    assert overview.overview_for(portal, alice) == overview.OverviewView((), everything)
    save(portal, alice, provider="openrouter")
    save(portal, alice, "paused", provider="anthropic", active=False)
    found = overview.overview_for(portal, alice)
    assert [(c.provider, c.source) for c in found.chains] == [("openrouter", "user"), ("anthropic", "none")]
    assert found.without_key == everything - 2


def test_a_key_that_cannot_be_used_is_named_with_its_reason(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "paused", active=False)
    assert chain(portal, alice).reason == (
        "No key can be used. paused is switched off. Bring one back, or add another.")  # fmt: skip


def test_a_variable_counts_as_a_key_and_a_placeholder_does_not(make_portal: MakePortal) -> None:
    portal = make_portal(OPENAI_API_KEY="sk-environment-01234", ANTHROPIC_API_KEY="your-key-here")
    found = overview.overview_for(portal, person(portal, "alice"))
    assert [(c.provider, c.source) for c in found.chains] == [("openai", "environment")]


def test_a_provider_turned_off_is_there_only_with_its_keys(portal: Portal, alice: Principal) -> None:
    save(portal, alice)
    for provider_id in ("openai", "anthropic"):
        provider_edits.set_enabled(portal, person(portal, "root"), provider_id, False)
    found = overview.overview_for(portal, alice)
    assert [(c.provider, c.source) for c in found.chains] == [("openai", "off")]
    assert found.chains[0] == explained(portal, alice)
    assert "turned off by an admin" in found.chains[0].reason
    assert {s.verdict for s in found.chains[0].steps} == {"skipped"}
    assert found.without_key == len(portal.providers.all()) - 2


def test_a_variable_of_a_provider_turned_off_is_not_shown(make_portal: MakePortal) -> None:
    portal = make_portal(OPENAI_API_KEY="sk-environment-01234")
    provider_edits.set_enabled(portal, person(portal, "root"), "openai", False)
    assert overview.overview_for(portal, person(portal, "alice")).chains == ()


def test_deleting_a_key_of_a_provider_turned_off_says_that_nothing_resolves(
    portal: Portal, alice: Principal
) -> None:
    mine = save(portal, alice)
    provider_edits.set_enabled(portal, person(portal, "root"), "openai", False)
    assert "turned off by an admin" in overview.after_deletion(portal, alice, USER, mine.id)


def test_all_chains_are_read_in_as_many_statements_as_one(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    def statements() -> int:
        counted: list[str] = []

        def count(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            counted.append(statement)

        portal.live_registry.forget()
        event.listen(portal.database.engine, "before_cursor_execute", count)
        overview.overview_for(portal, alice)
        event.remove(portal.database.engine, "before_cursor_execute", count)
        return len([s for s in counted if s.startswith("SELECT")])

    save(portal, alice)
    before = statements()
    for number, provider in enumerate(portal.providers.all()):
        if not provider.fields and provider.base_url:
            save(portal, alice, f"mine {number}", provider=provider.id)
            save(portal, root, f"system {number}", provider=provider.id, ownership=SYSTEM)
    assert len(overview.overview_for(portal, alice).chains) > 4
    # The providers, the keys, their links, the policies.
    assert statements() == before <= 4


def test_the_overview_and_the_resolver_tell_the_same(make_portal: MakePortal) -> None:
    names = {name for p in make_portal().providers.all() for name in p.environment_names}
    values = ["sk-environment-01234", " ", "your-key-here"]
    portal = make_portal(**{name: values[n % 3] for n, name in enumerate(sorted(names))})
    alice, root = person(portal, "alice"), person(portal, "root")
    save(portal, alice, "paused", active=False)
    save(portal, alice, "mine")
    save(portal, root, "late", ownership=SYSTEM, provider="anthropic", expires_at=START)
    spoil(portal, save(portal, alice, "broken", provider="gemini").id, unreadable=True)
    found = overview.overview_for(portal, alice).chains
    assert len(found) > 4
    assert [explained(portal, alice, c.provider) for c in found] == list(found)


def test_bobs_chain_holds_nothing_of_alice(portal: Portal, alice: Principal, bob: Principal) -> None:
    save(portal, alice)
    assert overview.overview_for(portal, bob).chains == ()


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
