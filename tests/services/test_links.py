"""Links: a key used for a provider it was not saved for, and who may say so."""

from datetime import timedelta
from typing import Any

import pytest

from keyportal.domain.errors import (
    Forbidden,
    InvalidInput,
    LinkTaken,
    NotFound,
    ProviderDisabled,
    UnknownProvider,
)
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.persistence import links as queries
from keyportal.resolver import Source
from keyportal.services import credentials, links, overview, provider_edits, resolution
from keyportal.services.credentials import CredentialEdit
from keyportal.services.links import LinkView
from keyportal.services.portal import Portal
from tests.services.provider_support import set_base_url
from tests.services.support import SYSTEM, USER, events, row_of, save, spoil
from tests.support import FakeClock, all_text_of

UNKNOWN = "3f0c2d4e-6a1b-4c8d-9e2f-0123456789ab"
GENERAL_VALUE = "general-value-0123456789"


def general(portal: Portal, who: Principal, name: str = "general", **more: Any) -> str:
    return save(portal, who, name, GENERAL_VALUE, provider="", **more).id


def link(portal: Portal, who: Principal, key: str, provider: str = "openai", pattern: str = "") -> LinkView:
    assert isinstance(portal.clock, FakeClock)
    portal.clock.advance(timedelta(seconds=1))
    return links.link(portal, who, USER, key, provider, pattern)


def used(portal: Portal, agent: Principal, model: str | None = None) -> str:
    answer = resolution.resolve_key(portal, agent, "openai", model=model)
    return answer.credential.name if answer.credential else ""


def test_a_linked_general_key_is_used_at_the_provider_s_address(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    key = general(portal, alice)
    made = link(portal, alice, key, "OPENAI")
    answer = resolution.resolve_key(portal, agent, "openai")
    assert (answer.source, answer.api_key.reveal()) == (Source.USER, GENERAL_VALUE)
    assert answer.base_url == portal.providers.get("openai").base_url
    assert (made.provider, made.provider_name, made.model_pattern) == ("openai", "OpenAI", "")
    assert links.links_of(portal, alice, USER, key) == [made]


def test_a_key_saved_for_one_provider_keeps_its_address_at_another(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    key = save(portal, alice, "groq", provider="groq").id
    link(portal, alice, key)
    assert resolution.resolve_key(portal, agent, "openai").base_url == row_of(portal, key).base_url
    chain = next(c for c in overview.overview_for(portal, alice).chains if c.provider == "openai")
    assert "It is linked here, and stays with api.groq.com" in chain.reason


def test_the_order_is_pattern_then_own_then_linked(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    linked, close, wide = (general(portal, alice, n) for n in ("linked", "close", "wide"))
    link(portal, alice, linked)
    link(portal, alice, wide, pattern="gpt-*")
    link(portal, alice, close, pattern="gpt-4o*")
    save(portal, alice, "own")
    assert [used(portal, agent, m) for m in (None, "o3", "gpt-3.5", "gpt-4o-mini")] == [
        "own", "own", "wide", "close"]  # fmt: skip
    credentials.delete(portal, alice, USER, close)
    assert used(portal, agent, "gpt-4o-mini") == "wide"


def test_own_keys_come_before_system_keys_however_close_their_pattern(
    portal: Portal, alice: Principal, root: Principal, agent: Principal
) -> None:
    system = save(portal, root, "system", provider="", ownership=SYSTEM)
    links.link(portal, root, SYSTEM, system.id, "openai", "gpt-4o")
    assert used(portal, agent, "gpt-4o") == "system"
    link(portal, alice, general(portal, alice, "mine"))
    assert used(portal, agent, "gpt-4o") == "mine"


def test_a_key_may_be_first_for_models_of_its_own_provider(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    save(portal, alice, "first")
    second = save(portal, alice, "second").id
    link(portal, alice, second, pattern="gpt-4o")
    assert [used(portal, agent, m) for m in (None, "gpt-4o")] == ["first", "second"]
    with pytest.raises(InvalidInput) as refusal:
        link(portal, alice, second)
    assert refusal.value.field == "model_pattern"


def test_the_overview_counts_links_and_tells_the_same_as_one_chain(portal: Portal, alice: Principal) -> None:
    link(portal, alice, general(portal, alice), "openai")
    link(portal, alice, save(portal, alice, "claude", provider="anthropic").id, "openai")
    chain = next(c for c in overview.overview_for(portal, alice).chains if c.provider == "openai")
    assert [s.name for s in chain.steps if s.source == "user"] == ["general", "claude"]
    assert (chain.source, chain.reason) == ("user", "Your own key general comes first.")


def test_a_link_that_is_taken_away_or_whose_key_is_gone_counts_no_more(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    first, second = general(portal, alice, "first"), general(portal, alice, "second")
    made = link(portal, alice, first)
    link(portal, alice, second)
    links.unlink(portal, alice, USER, first, made.id)
    assert used(portal, agent) == "second"
    credentials.delete(portal, alice, USER, second)
    with portal.database.reading() as session:
        assert queries.count_links(session, second) == 0
    with pytest.raises(NotFound):
        links.unlink(portal, alice, USER, first, made.id)


def test_a_general_key_goes_to_no_other_origin_than_it_was_linked_for(
    portal: Portal, root: Principal, alice: Principal, agent: Principal
) -> None:
    link(portal, alice, general(portal, alice), "groq")
    set_base_url(portal, root, "groq", "https://evil.example/v1")
    answer = resolution.resolve_key(portal, agent, "groq")
    assert answer.base_url == "https://api.groq.com/openai/v1"
    (chain,) = overview.overview_for(portal, alice).chains
    assert "stays with api.groq.com, which it was linked for, until it is linked again" in chain.reason


def test_a_new_value_of_a_general_key_goes_where_its_providers_are_now(
    portal: Portal, root: Principal, alice: Principal, agent: Principal
) -> None:
    key = general(portal, alice)
    for provider in ("groq", "openai", "litellm"):
        if provider == "litellm":
            set_base_url(portal, root, provider, "https://litellm.example/v1")
        link(portal, alice, key, provider)
    set_base_url(portal, root, "groq", "https://new.example/v1")
    set_base_url(portal, root, "litellm", "")
    credentials.update(portal, alice, USER, key, CredentialEdit(note="n"))
    assert resolution.resolve_key(portal, agent, "groq").base_url == "https://api.groq.com/openai/v1"
    credentials.update(portal, alice, USER, key, CredentialEdit(api_key=Secret("new-value-0123456789")))
    assert resolution.resolve_key(portal, agent, "groq").base_url == "https://new.example/v1"
    assert [ln.provider for ln in links.links_of(portal, alice, USER, key)] == ["groq", "openai"]


@pytest.mark.parametrize(
    ("provider", "pattern", "error", "field"),
    [
        ("nobody", "", UnknownProvider, None),
        ("deepgram", "", ProviderDisabled, None),
        ("azure_openai", "", InvalidInput, "provider"),
        ("litellm", "", InvalidInput, "provider"),
        ("openai", "two words", InvalidInput, "model_pattern"),
        ("openai", "sk-proj-0123456789abcdefghijklmnop", InvalidInput, "model_pattern"),
    ],
)
def test_a_link_that_could_not_be_used_is_refused_with_its_reason(
    portal: Portal, root: Principal, alice: Principal, provider: str, pattern: str, error: type, field: str
) -> None:
    provider_edits.set_enabled(portal, root, "deepgram", False)
    key = general(portal, alice)
    with pytest.raises(error) as refusal:
        link(portal, alice, key, provider, pattern)
    assert refusal.value.field == field
    assert links.links_of(portal, alice, USER, key) == []
    assert b"sk-proj-0123456789abcdefghijklmnop" not in all_text_of(portal)


def test_what_the_key_lacks_is_named(portal: Portal, alice: Principal) -> None:
    with pytest.raises(InvalidInput) as refusal:
        link(portal, alice, general(portal, alice), "azure_speech")
    assert refusal.value.message == (
        "Azure Speech also needs Region, which this key does not have. Add the key for Azure Speech instead."
    )


def test_the_same_link_twice_is_a_conflict(portal: Portal, alice: Principal) -> None:
    key = general(portal, alice)
    link(portal, alice, key, pattern="gpt-*")
    with pytest.raises(LinkTaken):
        link(portal, alice, key, pattern="gpt-**")
    link(portal, alice, key)
    assert [v.model_pattern for v in links.links_of(portal, alice, USER, key)] == ["gpt-*", ""]


def test_a_key_has_so_many_links_and_no_more(
    portal: Portal, alice: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "MOST", 1)
    key = general(portal, alice)
    link(portal, alice, key)
    with pytest.raises(InvalidInput):
        link(portal, alice, key, pattern="gpt-*")


def test_linking_is_audited_with_provider_and_pattern(portal: Portal, alice: Principal) -> None:
    key = general(portal, alice)
    made = link(portal, alice, key, pattern="gpt-*")
    links.unlink(portal, alice, USER, key, made.id)
    told = [(e.action, e.object_id, e.details) for e in events(portal)[-2:]]
    mask = credentials.get(portal, alice, USER, key).mask
    details = {"provider": "openai", "model_pattern": "gpt-*", "ownership": "user", "mask": mask}
    assert told == [("credential.link", key, details), ("credential.unlink", key, details)]


def test_strangers_find_no_key_and_no_link(
    portal: Portal, alice: Principal, bob: Principal, root: Principal, agent: Principal
) -> None:
    key = general(portal, alice)
    made = link(portal, alice, key)
    for who, ownership, error in ((bob, USER, NotFound), (root, SYSTEM, NotFound), (agent, USER, Forbidden),
                                  (alice, SYSTEM, (Forbidden, NotFound))):  # fmt: skip
        with pytest.raises(error):
            links.links_of(portal, who, ownership, key)
        with pytest.raises(error):
            links.link(portal, who, ownership, key, "openai")
        with pytest.raises(error):
            links.unlink(portal, who, ownership, key, made.id)
    for odd in ("", "x" * 5000, UNKNOWN, "../1"):
        with pytest.raises(NotFound):
            links.unlink(portal, alice, USER, key, odd)
    assert links.links_of(portal, alice, USER, key) == [made]


def test_bobs_link_says_nothing_about_alices_keys(
    portal: Portal, alice: Principal, bob: Principal, agent: Principal
) -> None:
    save(portal, alice, "alices")
    link(portal, bob, general(portal, bob, "bobs"))
    assert used(portal, agent) == "alices"


def test_a_link_counts_only_for_the_present_owner_of_its_key(
    portal: Portal, alice: Principal, bob: Principal, agent: Principal
) -> None:
    key = general(portal, bob)
    link(portal, bob, key)
    save(portal, alice, "alices")
    spoil(portal, key, owner_key=alice.user_id)
    assert used(portal, agent) == "alices"
    assert links.links_of(portal, alice, USER, key) == []


def test_deleting_says_what_is_used_next_wherever_the_key_is_linked(portal: Portal, alice: Principal) -> None:
    key = general(portal, alice)
    assert overview.after_deletion(portal, alice, USER, key) == (
        "It is linked to no provider, so nothing resolves to it."
    )
    save(portal, alice, "own")
    for provider, pattern in (("openai", "gpt-4o*"), ("groq", ""), ("mistral", ""), ("cohere", "")):
        link(portal, alice, key, provider, pattern)
    assert overview.after_deletion(portal, alice, USER, key) == (
        "After this, OpenAI (gpt-4o*) resolves to your own key own."
        " Nothing is left for Groq after this: programs that ask for it get no key."
        " Nothing is left for Mistral after this: programs that ask for it get no key."
        " One more link of it ends too."
    )


def test_a_general_key_has_a_name_and_a_value_and_no_more(portal: Portal, alice: Principal) -> None:
    made = credentials.get(portal, alice, USER, general(portal, alice, note="for later"))
    assert (made.provider, made.provider_name, made.is_general) == ("", "General", True)
    assert (made.fields, made.expires_at, made.note, made.status) == ({}, None, "for later", "active")
    changed = credentials.update(
        portal, alice, USER, made.id, CredentialEdit(name="Other", api_key=Secret("another-0123456789"))
    )
    assert (changed.name, changed.mask) == ("Other", "****...6789")
