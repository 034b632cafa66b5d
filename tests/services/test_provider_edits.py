"""What admins decide about providers of the catalogue: on or off, another address."""

from collections.abc import Callable

import pytest

from keyportal.domain.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    ProviderDisabled,
    VersionConflict,
)
from keyportal.domain.principals import Principal, anonymous_principal, operator_principal
from keyportal.services import checks, credentials, provider_edits, resolution
from keyportal.services.credentials import CredentialEdit, CredentialFilter
from keyportal.services.portal import Portal
from keyportal.services.provider_edits import NewProvider
from keyportal.services.provider_views import list_decisions
from tests.conftest import MakePortal, person
from tests.fakes.fake_provider import FakeProvider
from tests.services.provider_support import ELSEWHERE, add, decision, ids, set_base_url
from tests.services.support import SYSTEM, USER, VALUE, events, row_of, save
from tests.support import all_text_of


@pytest.mark.parametrize(
    "act",
    [
        lambda p, who: list_decisions(p, who),
        lambda p, who: provider_edits.set_enabled(p, who, "openai", False),
        lambda p, who: set_base_url(p, who, "anthropic", ELSEWHERE),
        lambda p, who: provider_edits.add_custom(p, who, NewProvider("Mine", ELSEWHERE)),
        lambda p, who: provider_edits.delete_custom(p, who, "mine"),
    ],
)
def test_nobody_but_an_admin_decides(
    portal: Portal, alice: Principal, agent: Principal, act: Callable[[Portal, Principal], object]
) -> None:
    for who in (alice, agent, operator_principal(), anonymous_principal()):
        with pytest.raises(Forbidden):
            act(portal, who)
    assert portal.providers == portal.live_registry.base


def test_before_any_decision_every_provider_is_on_where_it_belongs(portal: Portal, root: Principal) -> None:
    views = list_decisions(portal, root)
    assert [v.name for v in views] == [p.name for p in portal.providers.all()]
    anthropic = decision(portal, root, "anthropic")
    assert (anthropic.enabled, anthropic.is_moved, anthropic.version) == (True, False, 0)
    assert anthropic.base_url == anthropic.default_base_url


@pytest.mark.parametrize("odd", ["nobody", "", "OPENAI'--", "x" * 10_000, "a\x00b", "../openai"])
def test_an_unknown_provider_is_not_found(portal: Portal, root: Principal, odd: str) -> None:
    for act in (
        lambda: provider_edits.set_enabled(portal, root, odd, False),
        lambda: provider_edits.delete_custom(portal, root, odd),
    ):
        with pytest.raises(NotFound):
            act()


# --- on and off


def test_a_provider_turned_off_takes_no_new_keys_and_gives_none(
    portal: Portal, root: Principal, alice: Principal, agent: Principal
) -> None:
    save(portal, alice)
    provider_edits.set_enabled(portal, root, "openai", False)
    assert "openai" not in ids(portal, alice)
    for act in (
        lambda: save(portal, alice, "second"),
        lambda: save(portal, root, "system", ownership=SYSTEM),
        lambda: resolution.resolve_key(portal, agent, "openai"),
        lambda: resolution.resolve_key(portal, operator_principal(), "OpenAI", user="alice@example.com"),
    ):
        with pytest.raises(ProviderDisabled):
            act()


def test_the_keys_of_a_provider_turned_off_stay_and_can_be_changed(
    portal: Portal, root: Principal, alice: Principal
) -> None:
    mine = save(portal, alice)
    provider_edits.set_enabled(portal, root, "openai", False)
    found = credentials.search(portal, alice, USER, CredentialFilter(provider="openai"))
    assert [(c.id, c.provider_name) for c in found.items] == [(mine.id, "OpenAI")]
    assert "openai" in ids(portal, alice, include_disabled=True)
    edited = credentials.update(portal, alice, USER, mine.id, CredentialEdit(name="renamed", active=False))
    assert (edited.name, edited.active) == ("renamed", False)
    credentials.delete(portal, alice, USER, mine.id)


def test_turning_it_on_again_brings_everything_back(
    portal: Portal, root: Principal, alice: Principal, agent: Principal
) -> None:
    save(portal, alice)
    provider_edits.set_enabled(portal, root, "openai", False)
    view = provider_edits.set_enabled(portal, root, "openai", True)
    assert (view.enabled, view.version, view.credential_count) == (True, 2, 1)
    assert resolution.resolve_key(portal, agent, "openai").api_key.reveal() == VALUE
    assert "openai" in ids(portal, alice)


def test_a_value_pasted_for_a_provider_turned_off_is_not_recognised(portal: Portal, root: Principal) -> None:
    assert portal.providers.guess("sk-ant-api03-0123456789") is not None
    provider_edits.set_enabled(portal, root, "anthropic", False)
    assert portal.providers.guess("sk-ant-api03-0123456789") is None


def test_another_process_refuses_too_once_it_looks_again(make_portal: MakePortal) -> None:
    here, there = make_portal(), make_portal()
    alice = person(there, "alice")
    save(there, alice)
    provider_edits.set_enabled(here, person(here, "root"), "openai", False)
    there.live_registry.forget()
    with pytest.raises(ProviderDisabled):
        save(there, alice, "second")
    assert "openai" not in ids(there, alice)


def test_deciding_the_same_twice_is_one_decision(portal: Portal, root: Principal) -> None:
    provider_edits.set_enabled(portal, root, "openai", True)
    assert decision(portal, root, "openai").version == 0
    for _ in range(2):
        provider_edits.set_enabled(portal, root, "openai", False)
    assert decision(portal, root, "openai").version == 1
    assert [e.action for e in events(portal)].count("provider.update") == 1


@pytest.mark.parametrize("stale", [0, 2, -1, 2**64])
def test_a_stale_version_changes_nothing(portal: Portal, root: Principal, stale: int) -> None:
    provider_edits.set_enabled(portal, root, "openai", False, version=0)
    with pytest.raises(VersionConflict):
        provider_edits.set_enabled(portal, root, "openai", True, version=stale)
    assert not portal.providers.is_enabled("openai")


# --- another address


def test_a_move_says_how_many_values_have_to_be_entered_again(
    portal: Portal, root: Principal, alice: Principal, bob: Principal
) -> None:
    save(portal, alice, provider="anthropic")
    save(portal, bob, provider="anthropic", active=False)
    credentials.delete(portal, bob, USER, save(portal, bob, "gone", provider="anthropic").id)
    view = set_base_url(portal, root, "anthropic", ELSEWHERE + "/")
    assert (view.base_url, view.is_moved, view.keys_to_reenter) == (ELSEWHERE, True, 2)
    assert view.notice == (
        "2 keys have to be entered again: a saved key is sealed to its address, and programs get it"
        " for that one until then."
    )
    assert decision(portal, root, "anthropic").keys_to_reenter == 2


async def test_a_saved_key_is_never_sent_to_the_new_address(
    portal: Portal, root: Principal, alice: Principal
) -> None:
    mine = save(portal, alice, provider="anthropic")
    before = row_of(portal, mine.id)
    with FakeProvider() as elsewhere:
        set_base_url(portal, root, "anthropic", elsewhere.url)
        found = await checks.check_saved(portal, alice, mine.id)
        assert elsewhere.hits == 0
    assert found.outcome == "region_or_endpoint_mismatch"
    after = row_of(portal, mine.id)
    assert (after.sealed, after.base_url, after.destination) == (
        before.sealed, before.base_url, before.destination)  # fmt: skip


def test_going_back_to_the_usual_address_makes_the_keys_good_again(
    portal: Portal, root: Principal, alice: Principal
) -> None:
    usual = portal.providers.get("anthropic").base_url
    save(portal, alice, provider="anthropic")
    set_base_url(portal, root, "anthropic", ELSEWHERE)
    for back in ("", f" {usual}/ "):
        set_base_url(portal, root, "anthropic", ELSEWHERE)
        view = set_base_url(portal, root, "anthropic", back)
        assert (view.base_url, view.is_moved, view.keys_to_reenter) == (usual, False, 0)


def test_another_path_on_the_same_host_leaves_the_keys_good(
    portal: Portal, root: Principal, alice: Principal
) -> None:
    save(portal, alice, provider="anthropic")
    usual = portal.providers.get("anthropic").base_url
    view = set_base_url(portal, root, "anthropic", f"{usual}/another")
    assert (view.is_moved, view.keys_to_reenter, view.notice) == (True, 0, "")


def test_a_value_entered_again_goes_to_the_new_address(
    portal: Portal, root: Principal, alice: Principal
) -> None:
    set_base_url(portal, root, "anthropic", ELSEWHERE)
    mine = save(portal, alice, provider="anthropic")
    assert row_of(portal, mine.id).destination == "https://llm.example.com"
    assert decision(portal, root, "anthropic").keys_to_reenter == 0


def test_a_plain_http_address_is_taken_with_a_warning(portal: Portal, root: Principal) -> None:
    view = set_base_url(portal, root, "anthropic", "http://10.0.0.5:8000/v1")
    assert "not encrypted" in view.notice


@pytest.mark.parametrize(
    "odd",
    [
        "llm.example.com",
        "ftp://llm.example.com",
        "https://u:p@llm.example.com",
        "https://llm.example.com/#a",
        "https://llm.example.com/v1?key=1",
        "https://{host}.example.com",
        "https://llm.example.com:99999",
        "https://llm.example.com/" + "a" * 500,
        "https://llm.example.com\x00",
        "https://llm.example.com /v1",
    ],
)
def test_an_unusable_address_is_refused_beside_its_field(portal: Portal, root: Principal, odd: str) -> None:
    for act in (
        lambda: set_base_url(portal, root, "anthropic", odd),
        lambda: add(portal, root, base_url=odd),
    ):
        with pytest.raises(InvalidInput) as refusal:
            act()
        assert refusal.value.field == "base_url" and odd not in refusal.value.message
    assert portal.providers == portal.live_registry.base


def test_an_address_the_operator_set_is_named_and_stays(portal: Portal, root: Principal) -> None:
    view = decision(portal, root, "openai")
    assert (view.is_fixed, view.fixed_by, view.is_moved) == (True, "KEYPORTAL_BASE_URL_OPENAI", False)
    for typed in (ELSEWHERE, ""):
        with pytest.raises(InvalidInput, match="KEYPORTAL_BASE_URL_OPENAI"):
            set_base_url(portal, root, "openai", typed)
    assert provider_edits.set_enabled(portal, root, "openai", False).enabled is False


# --- providers of their own


def test_decisions_are_on_the_trail_without_more_of_an_address_than_its_origin(
    portal: Portal, root: Principal
) -> None:
    set_base_url(portal, root, "anthropic", "https://llm.example.com/pasted-by-mistake")
    provider_edits.set_enabled(portal, root, "anthropic", False)
    add(portal, root, base_url="https://ours.example.com/pasted-by-mistake")
    provider_edits.delete_custom(portal, root, "our_cluster")
    found = [e for e in events(portal) if e.action.startswith("provider.")]
    assert [(e.action, e.object_id, e.details["enabled"], e.details["destination"]) for e in found] == [
        ("provider.update", "anthropic", True, "https://llm.example.com"),
        ("provider.update", "anthropic", False, "https://llm.example.com"),
        ("provider.create", "our_cluster", True, "https://ours.example.com"),
        ("provider.delete", "our_cluster", True, "https://ours.example.com"),
    ]
    assert "pasted-by-mistake" not in repr([e.details for e in found])


def test_what_was_refused_leaves_nothing_behind(portal: Portal, root: Principal) -> None:
    before = len(events(portal))
    with pytest.raises(InvalidInput):
        add(portal, root, "Planted", environment_names=["PATH"])
    assert len(events(portal)) == before
    assert b"Planted" not in all_text_of(portal)
