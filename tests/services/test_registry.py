"""The providers as they are now: what admins decided, seen at once here and soon elsewhere."""

import time
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
from keyportal.services.registry import LiveRegistry, decided
from tests.conftest import MakePortal, person
from tests.support import START


def row(provider_id: str, **values: Any) -> ProviderRow:
    return ProviderRow(id=provider_id, created_at=START, updated_at=START, **values)


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


class _Away:
    """A database that stopped answering."""

    def reading(self) -> Session:
        raise StorageUnavailable


def test_a_decision_stands_though_it_cannot_be_read_back_this_moment(portal: Portal) -> None:
    registry = LiveRegistry(portal.live_registry.base, cast(Database, _Away()))
    registry.forget()
    with pytest.raises(StorageUnavailable):
        registry.current()
