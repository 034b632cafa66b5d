"""Providers that admins add: what may be one, what it may reach, and how it ends."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from keyportal.domain.errors import (
    InvalidInput,
    KeyPortalError,
    NameTaken,
    ProviderInUse,
    UnknownProvider,
    VersionConflict,
)
from keyportal.domain.principals import Principal, operator_principal
from keyportal.services import checks, credentials, provider_edits, resolution
from keyportal.services.portal import Portal
from keyportal.services.provider_edits import MOST_CUSTOM, ProviderEdit
from tests.conftest import MakePortal, person
from tests.fakes.fake_provider import FakeProvider
from tests.services.provider_support import ELSEWHERE, add, decision, ids, set_base_url, spoil_provider
from tests.services.support import USER, VALUE, events, save


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


@pytest.mark.parametrize(
    "name", ["OpenAI", "openai!", "\uff2fpenAI", "Our cluster", "our-cluster", "General"]
)
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
    view = set_base_url(portal, root, "groq", "https://other.example.com")
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
