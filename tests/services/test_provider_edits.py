"""What admins decide about providers: on or off, another address, providers of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from keyportal.domain.errors import (
    Forbidden,
    InvalidInput,
    KeyPortalError,
    NameTaken,
    NotFound,
    ProviderDisabled,
    ProviderInUse,
    UnknownProvider,
    VersionConflict,
)
from keyportal.domain.principals import Principal, anonymous_principal, operator_principal
from keyportal.persistence.tables import ProviderRow
from keyportal.services import checks, credentials, provider_edits, providers, resolution
from keyportal.services.credentials import CredentialEdit, CredentialFilter
from keyportal.services.portal import Portal
from keyportal.services.provider_edits import MOST_CUSTOM, NewProvider, ProviderEdit
from keyportal.services.provider_views import DecisionView, list_decisions
from tests.conftest import MakePortal, person
from tests.fakes.fake_provider import FakeProvider
from tests.services.support import SYSTEM, USER, VALUE, events, row_of, save
from tests.support import all_text_of

ELSEWHERE = "https://llm.example.com/v1"


def decision(portal: Portal, root: Principal, provider_id: str) -> DecisionView:
    return next(view for view in list_decisions(portal, root) if view.id == provider_id)


def add(portal: Portal, root: Principal, name: str = "Our cluster", **more: Any) -> DecisionView:
    return provider_edits.add_custom(portal, root, NewProvider(name, more.pop("base_url", ELSEWHERE), **more))


def spoil_provider(portal: Portal, provider_id: str, **values: Any) -> None:
    """Change a decision behind the services' back."""
    with portal.database.transaction() as session:
        session.exec(update(ProviderRow).where(col(ProviderRow.id) == provider_id).values(**values))
    portal.live_registry.forget()


def ids(portal: Portal, who: Principal, **more: bool) -> set[str]:
    return {view.id for view in providers.list_providers(portal, who, **more)}


# --- who may, and what is there


@pytest.mark.parametrize(
    "act",
    [
        lambda p, who: list_decisions(p, who),
        lambda p, who: provider_edits.set_enabled(p, who, "openai", False),
        lambda p, who: provider_edits.set_base_url(p, who, "anthropic", ELSEWHERE),
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
    view = provider_edits.set_base_url(portal, root, "anthropic", ELSEWHERE + "/")
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
        provider_edits.set_base_url(portal, root, "anthropic", elsewhere.url)
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
    provider_edits.set_base_url(portal, root, "anthropic", ELSEWHERE)
    for back in ("", f" {usual}/ "):
        provider_edits.set_base_url(portal, root, "anthropic", ELSEWHERE)
        view = provider_edits.set_base_url(portal, root, "anthropic", back)
        assert (view.base_url, view.is_moved, view.keys_to_reenter) == (usual, False, 0)


def test_another_path_on_the_same_host_leaves_the_keys_good(
    portal: Portal, root: Principal, alice: Principal
) -> None:
    save(portal, alice, provider="anthropic")
    usual = portal.providers.get("anthropic").base_url
    view = provider_edits.set_base_url(portal, root, "anthropic", f"{usual}/another")
    assert (view.is_moved, view.keys_to_reenter, view.notice) == (True, 0, "")


def test_a_value_entered_again_goes_to_the_new_address(
    portal: Portal, root: Principal, alice: Principal
) -> None:
    provider_edits.set_base_url(portal, root, "anthropic", ELSEWHERE)
    mine = save(portal, alice, provider="anthropic")
    assert row_of(portal, mine.id).destination == "https://llm.example.com"
    assert decision(portal, root, "anthropic").keys_to_reenter == 0


def test_a_plain_http_address_is_taken_with_a_warning(portal: Portal, root: Principal) -> None:
    view = provider_edits.set_base_url(portal, root, "anthropic", "http://10.0.0.5:8000/v1")
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
        lambda: provider_edits.set_base_url(portal, root, "anthropic", odd),
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
            provider_edits.set_base_url(portal, root, "openai", typed)
    assert provider_edits.set_enabled(portal, root, "openai", False).enabled is False


# --- providers of their own


def test_an_added_provider_takes_keys_and_resolves(
    portal: Portal, root: Principal, alice: Principal, agent: Principal
) -> None:
    view = add(portal, root, auth_style="x-api-key", environment_names=["OUR_CLUSTER_API_KEY"])
    assert (view.id, view.is_custom, view.kind, view.version) == ("our_cluster", True, "other", 1)
    assert "our_cluster" in ids(portal, alice)
    save(portal, alice, provider="our_cluster")
    found = resolution.resolve_key(portal, agent, "Our_Cluster")
    assert (found.api_key.reveal(), found.base_url) == (VALUE, ELSEWHERE)


@pytest.mark.parametrize(
    ("style", "header", "sent"),
    [
        ("bearer", "authorization", f"Bearer {VALUE}"),
        ("x-api-key", "x-api-key", VALUE),
        ("api-key", "api-key", VALUE),
    ],
)
async def test_a_key_of_an_added_provider_is_tested_at_its_private_address(
    portal: Portal, root: Principal, alice: Principal, style: str, header: str, sent: str
) -> None:
    with FakeProvider() as ours:
        ours.answer(401, {"error": {"message": "no key"}})
        ours.answer(200, {"object": "list", "data": [{"id": "llama", "object": "model"}]}, key=VALUE)
        add(portal, root, base_url=f"{ours.url}/v1", auth_style=style)
        found = await checks.check_saved(portal, alice, save(portal, alice, provider="our_cluster").id)
    assert (found.outcome, found.models) == ("valid", ("llama",))
    assert (ours.requests[0].path, ours.requests[0].headers[header]) == ("/v1/models", sent)


def test_a_variable_of_an_added_provider_is_used(make_portal: MakePortal) -> None:
    portal = make_portal(OUR_CLUSTER_API_KEY="sk-environment-0123")
    add(
        portal, person(portal, "root"), environment_names=[" OUR_CLUSTER_API_KEY ", "", "OUR_CLUSTER_API_KEY"]
    )
    found = resolution.resolve_key(portal, operator_principal(), "our_cluster", user="alice@example.com")
    assert (found.source, found.api_key.reveal()) == ("environment", "sk-environment-0123")


@pytest.mark.parametrize(
    ("name", "provider_id"),
    [
        ("Our GPU-cluster (Berlin)", "our_gpu_cluster_berlin"),
        ("  Große Maschine 2 ", "grosse_maschine_2"),
        ("x" * 80, "x" * 40),
        ("a" * 39 + " b", "a" * 39),
    ],
)
def test_the_id_is_made_from_the_name(portal: Portal, root: Principal, name: str, provider_id: str) -> None:
    assert add(portal, root, name).id == provider_id


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "客户支持", "a\nb", "a\x00b", "---"])
def test_an_unusable_name_is_refused_beside_its_field(portal: Portal, root: Principal, name: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        add(portal, root, name)
    assert refusal.value.field == "name"


@pytest.mark.parametrize("name", ["OpenAI", "openai!", "\uff2fpenAI", "Our cluster", "our-cluster"])
def test_a_taken_name_or_id_is_refused_in_words_of_its_own(
    portal: Portal, root: Principal, name: str
) -> None:
    add(portal, root)
    with pytest.raises(NameTaken) as refusal:
        add(portal, root, name)
    assert refusal.value.field == "name" and "provider" in refusal.value.message


@pytest.mark.parametrize(
    "names",
    [
        ["PATH"],
        ["DATABASE_URL"],
        ["our_api_key"],
        ["_API_KEY"],
        ["1_API_KEY"],
        ["A_API_KEY\n"[:-1] + "S"],
        ["A B_API_KEY"],
        ["API_KEY_ENCRYPTION_KEY"],
        ["OPENAI_API_KEY"],
        ["OPERATORS_API_KEY"],
        ["AI_API_KEY"],
        [f"N{n}_API_KEY" for n in range(9)],
        ["A" * 200 + "_API_KEY"],
    ],
)
def test_variables_of_others_are_out_of_reach(make_portal: MakePortal, names: list[str]) -> None:
    portal = make_portal(
        KEYPORTAL_ENVIRONMENT_NAMES_DEEPSEEK="OPERATORS_API_KEY", KEYPORTAL_ENVIRONMENT_PREFIXES="OPEN"
    )
    root = person(portal, "root")
    with pytest.raises(InvalidInput) as refusal:
        add(portal, root, environment_names=names)
    assert refusal.value.field == "environment_names"
    add(portal, root)
    with pytest.raises(InvalidInput):
        provider_edits.update(portal, root, "our_cluster", ProviderEdit(environment_names=names))


@pytest.mark.parametrize("prefixes", ["", "X_"])
def test_two_added_providers_do_not_share_a_variable(make_portal: MakePortal, prefixes: str) -> None:
    portal = make_portal(KEYPORTAL_ENVIRONMENT_PREFIXES=prefixes)
    root, names = person(portal, "root"), ["OUR_API_KEY"]
    add(portal, root, environment_names=names)
    for other in (names, [f"{prefixes}OUR_API_KEY"]):
        with pytest.raises(InvalidInput, match="belongs to another provider"):
            add(portal, root, "Other", environment_names=other)
    add(portal, root, "Other")
    with pytest.raises(InvalidInput, match="belongs to another provider"):
        provider_edits.update(portal, root, "other", ProviderEdit(environment_names=names))
    edit = ProviderEdit(environment_names=[*names, "SECOND_API_KEY"])
    assert provider_edits.update(portal, root, "our_cluster", edit).version == 2


@pytest.mark.parametrize("name", ["\u041epenai", "Open\u0430I", "Opena\u0131", "Our \u0663", "\u00d8penAI"])
def test_a_name_of_letters_that_only_look_plain_is_refused(
    portal: Portal, root: Principal, name: str
) -> None:
    add(portal, root)
    for act in (
        lambda: add(portal, root, name),
        lambda: provider_edits.update(portal, root, "our_cluster", ProviderEdit(name=name)),
    ):
        with pytest.raises(InvalidInput, match="a to z and digits") as refusal:
            act()
        assert refusal.value.field == "name"


@pytest.mark.parametrize("name", ["Open\u200bAI", "\u00d3penAI", "OPENAI\U0001f680"])
def test_a_provider_is_not_renamed_to_look_like_another(portal: Portal, root: Principal, name: str) -> None:
    add(portal, root)
    with pytest.raises(NameTaken):
        provider_edits.update(portal, root, "our_cluster", ProviderEdit(name=name))


def test_an_unknown_way_to_send_the_key_is_refused(portal: Portal, root: Principal) -> None:
    with pytest.raises(InvalidInput) as refusal:
        add(portal, root, auth_style="basic")
    assert refusal.value.field == "auth_style"


def test_an_added_provider_can_be_changed_and_keeps_its_id(
    portal: Portal, root: Principal, alice: Principal
) -> None:
    add(portal, root)
    save(portal, alice, provider="our_cluster")
    edit = ProviderEdit(1, name="Renamed", base_url="https://new.example.com", auth_style="api-key",
                        environment_names=["NEW_API_KEY"])  # fmt: skip
    view = provider_edits.update(portal, root, "our_cluster", edit)
    assert (view.id, view.name, view.version, view.keys_to_reenter) == ("our_cluster", "Renamed", 2, 1)
    assert (view.auth_style, view.environment_names) == ("api-key", ("NEW_API_KEY",))
    assert credentials.search(portal, alice, USER).items[0].provider_name == "Renamed"


@pytest.mark.parametrize("values", [{"name": "Other"}, {"auth_style": "bearer"}, {"environment_names": []}])
def test_what_the_catalogue_says_of_a_provider_stays(
    portal: Portal, root: Principal, values: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput):
        provider_edits.update(portal, root, "anthropic", ProviderEdit(**values))
    with pytest.raises(InvalidInput):
        provider_edits.delete_custom(portal, root, "anthropic")


def test_a_provider_with_keys_is_not_deleted_and_without_them_it_is(
    portal: Portal, root: Principal, alice: Principal
) -> None:
    add(portal, root)
    mine = save(portal, alice, provider="our_cluster")
    with pytest.raises(ProviderInUse, match="Delete or move its 1 key first, or turn it off"):
        provider_edits.delete_custom(portal, root, "our_cluster")
    credentials.delete(portal, alice, USER, mine.id)
    provider_edits.delete_custom(portal, root, "our_cluster")
    with pytest.raises(UnknownProvider):
        portal.providers.get("our_cluster")
    assert add(portal, root).version == 1


@pytest.mark.parametrize("values", [{"base_url": "ftp://llm.example.com"}, {"auth_style": "odd"}])
def test_an_added_provider_that_nobody_can_read_is_deleted_and_added_again(
    portal: Portal, root: Principal, values: dict[str, str]
) -> None:
    add(portal, root)
    spoil_provider(portal, "our_cluster", **values)
    assert portal.providers.find("our_cluster") is None
    with pytest.raises(VersionConflict):
        provider_edits.delete_custom(portal, root, "our_cluster", version=7)
    provider_edits.delete_custom(portal, root, "our_cluster")
    assert events(portal)[-1].object_label == "Our cluster"
    assert add(portal, root).id == "our_cluster"


def test_an_added_provider_of_an_id_that_the_catalogue_got_can_be_deleted_with_the_keys_there(
    portal: Portal, root: Principal, alice: Principal
) -> None:
    add(portal, root, "Shadow")
    spoil_provider(portal, "shadow", id="groq")
    save(portal, alice, provider="groq", value="gsk_0123456789abcdef")
    provider_edits.delete_custom(portal, root, "groq")
    with pytest.raises(InvalidInput, match="catalogue cannot be deleted"):
        provider_edits.delete_custom(portal, root, "groq")
    assert portal.providers == portal.live_registry.base


def test_a_decision_about_the_catalogues_provider_replaces_an_added_one_of_its_id(
    portal: Portal, root: Principal
) -> None:
    add(portal, root, "Shadow", environment_names=["SHADOW_API_KEY"])
    spoil_provider(portal, "shadow", id="groq", enabled=False)
    assert (decision(portal, root, "groq").enabled, decision(portal, root, "groq").is_custom) == (True, False)
    view = provider_edits.set_base_url(portal, root, "groq", "https://other.example.com")
    assert (view.name, view.enabled, view.is_custom, view.base_url) == (
        portal.live_registry.base.get("groq").name, True, False, "https://other.example.com",
    )  # fmt: skip
    assert portal.providers.get("groq").base_url == "https://other.example.com"


def test_there_is_an_end_to_added_providers(portal: Portal, root: Principal) -> None:
    for number in range(MOST_CUSTOM):
        add(portal, root, f"Number {number}")
    with pytest.raises(InvalidInput, match="100 added providers"):
        add(portal, root, "One more")


def test_of_many_who_add_the_same_at_once_one_gets_it(make_portal: MakePortal) -> None:
    portals = [make_portal() for _ in range(3)]
    roots = [person(portal, "root") for portal in portals]

    def try_it(number: int) -> str:
        try:
            return add(portals[number % 3], roots[number % 3]).id
        except KeyPortalError as refusal:
            return refusal.code

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(try_it, range(6)))
    assert sorted(found) == ["name_taken"] * 5 + ["our_cluster"]


# --- the trail


def test_decisions_are_on_the_trail_without_more_of_an_address_than_its_origin(
    portal: Portal, root: Principal
) -> None:
    provider_edits.set_base_url(portal, root, "anthropic", "https://llm.example.com/pasted-by-mistake")
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
