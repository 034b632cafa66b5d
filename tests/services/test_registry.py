"""The providers as they are now: what admins decided, seen at once here and soon elsewhere."""

import time
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlmodel import Session

from keyportal.domain.errors import StorageUnavailable
from keyportal.domain.principals import Principal
from keyportal.persistence.engine import Database
from keyportal.persistence.tables import ProviderRow
from keyportal.services import provider_edits
from keyportal.services.portal import Portal
from keyportal.services.provider_edits import NewProvider
from keyportal.services.providers_here import registry_here
from keyportal.services.registry import LiveRegistry, TakenNames, decided
from tests.conftest import MakePortal, person
from tests.support import START


def row(provider_id: str, **values: Any) -> ProviderRow:
    return ProviderRow(id=provider_id, **{"created_at": START, "updated_at": START, **values})


def custom(provider_id: str, *names: Any, **values: Any) -> ProviderRow:
    usual = {"is_custom": True, "name": provider_id, "base_url": "https://llm.example.com"}
    return row(provider_id, **usual, auth_style="bearer", environment_names=list(names), **values)


def test_without_decisions_it_is_the_catalogue_with_the_operators_settings(portal: Portal) -> None:
    assert portal.providers == portal.live_registry.base


def test_a_decision_of_this_process_counts_at_once(portal: Portal, root: Principal) -> None:
    assert portal.providers.is_enabled("anthropic")
    provider_edits.set_enabled(portal, root, "anthropic", False)
    assert not portal.providers.is_enabled("anthropic")


def test_another_process_sees_a_decision_soon(make_portal: MakePortal) -> None:
    here, there = make_portal(), make_portal()
    assert there.providers.is_enabled("anthropic")
    provider_edits.set_enabled(here, person(here, "root"), "anthropic", False)
    for _ in range(100):
        if not there.providers.is_enabled("anthropic"):
            break
        time.sleep(0.1)
    assert not there.providers.is_enabled("anthropic")


def test_two_processes_that_add_the_same_id_do_not_both_get_it(make_portal: MakePortal) -> None:
    here, there = make_portal(), make_portal()
    assert there.providers.find("cluster") is None
    provider_edits.add_custom(here, person(here, "root"), NewProvider("Cluster", "https://llm.example.com"))
    there.live_registry.forget()
    assert there.providers.get("cluster").base_url == "https://llm.example.com"


def test_an_admins_address_moves_a_provider_and_may_be_called(portal: Portal) -> None:
    registry = decided(portal.live_registry.base, [row("anthropic", base_url="http://10.0.0.5:8000/v1")])
    assert registry.get("anthropic").base_url == "http://10.0.0.5:8000/v1"
    assert "http://10.0.0.5:8000" in registry.allowed_origins


def test_a_key_of_the_environment_does_not_follow_an_admins_address(portal: Portal) -> None:
    usual = portal.providers.get("anthropic").base_url
    registry = decided(portal.live_registry.base, [row("anthropic", base_url="https://llm.example.com")])
    assert registry.get("anthropic").environment_address({}) == usual


def test_the_operators_address_outranks_an_admins(portal: Portal) -> None:
    fixed = portal.providers.get("openai").base_url
    registry = decided(portal.live_registry.base, [row("openai", base_url="https://llm.example.com")])
    assert registry.get("openai").base_url == fixed


def test_a_row_that_cannot_be_read_keeps_nobody_out_of_the_rest(portal: Portal) -> None:
    odd = [
        row("anthropic", base_url="ftp://llm.example.com"),
        row("mine", is_custom=True, name="Mine", base_url="https://llm.example.com", auth_style="odd"),
        row("gone", enabled=False),
    ]
    registry = decided(portal.live_registry.base, odd)
    assert registry.get("anthropic") == portal.live_registry.base.get("anthropic")
    assert registry.find("mine") is None


def test_a_variable_that_the_catalogue_or_the_operator_got_later_is_theirs(make_portal: MakePortal) -> None:
    portal = make_portal(
        KEYPORTAL_ENVIRONMENT_NAMES_DEEPSEEK="OPERATORS_API_KEY", KEYPORTAL_ENVIRONMENT_PREFIXES="OPEN"
    )
    own = custom("mine", "OPENAI_API_KEY", "OPERATORS_API_KEY", "AI_API_KEY", "OUR_API_KEY")
    registry = portal.live_registry.deciding([own])
    assert registry.get("mine").environment_names == ("OUR_API_KEY",)


def test_the_operators_variable_is_not_given_to_an_added_provider(make_portal: MakePortal) -> None:
    before = make_portal(OUR_API_KEY="sk-environment-0123")
    new = NewProvider("Mine", "https://llm.example.com", environment_names=["OUR_API_KEY"])
    provider_edits.add_custom(before, person(before, "root"), new)
    after = make_portal(OUR_API_KEY="sk-environment-0123", KEYPORTAL_ENVIRONMENT_NAMES_OPENAI="OUR_API_KEY")
    assert before.providers.get("mine").environment_names == ("OUR_API_KEY",)
    assert after.providers.get("mine").environment_names == ()
    assert registry_here(after.settings).get("mine").environment_names == ()


@pytest.mark.parametrize("names", [("OUR_API_KEY", "OUR_API_KEY"), ("X_OUR_API_KEY", "OUR_API_KEY")])
def test_of_two_added_providers_the_older_keeps_a_variable(portal: Portal, names: tuple[str, str]) -> None:
    later = START + timedelta(seconds=1)
    rows = [custom("a", names[1], "OTHER_API_KEY", created_at=later), custom("b", names[0])]
    registry = decided(portal.live_registry.base, rows, TakenNames(prefixes=("X_",)))
    assert registry.get("b").environment_names == (names[0],)
    assert registry.get("a").environment_names == ("OTHER_API_KEY",)


@pytest.mark.parametrize("enabled", [True, False])
def test_where_a_later_catalogue_has_the_id_of_an_added_provider_it_wins(
    portal: Portal, enabled: bool, caplog: pytest.LogCaptureFixture
) -> None:
    registry = decided(portal.live_registry.base, [custom("groq", enabled=enabled)])
    assert registry == portal.live_registry.base
    assert "groq is ignored" in caplog.text


def test_variables_that_cannot_be_read_keep_nobody_out_of_the_rest(portal: Portal) -> None:
    odd = custom("mine")
    odd.environment_names = cast(list[str], None)
    registry = decided(portal.live_registry.base, [odd, custom("ours", "OUR_API_KEY")])
    assert registry.get("ours").environment_names == ("OUR_API_KEY",)


class _Away:
    """A database that stopped answering."""

    def reading(self) -> Session:
        raise StorageUnavailable


def test_a_decision_stands_though_it_cannot_be_read_back_this_moment(portal: Portal) -> None:
    registry = LiveRegistry(portal.live_registry.base, cast(Database, _Away()))
    registry.forget()
    with pytest.raises(StorageUnavailable):
        registry.current()
