"""What an edit does to a key's address and verdict: nobody is stuck, and no verdict outlives its fields."""

from typing import Any

import pytest

from keyportal.domain.errors import InvalidInput
from keyportal.domain.principals import Principal
from keyportal.services import checks, credentials
from keyportal.services.credential_views import CredentialView
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from tests.services.provider_support import set_base_url
from tests.services.support import USER, row_of, save

EDITS = [
    CredentialEdit(active=False),
    CredentialEdit(name="Other"),
    CredentialEdit(note="for the call centre"),
]
ELSEWHERE = "https://speech.example.com"
WEST, EAST = {"region": "westeurope"}, {"region": "eastus"}


def save_speech(portal: Portal, principal: Principal) -> CredentialView:
    return save(portal, principal, value="a" * 32, provider="azure_speech", fields=WEST)


def edit(portal: Portal, principal: Principal, made: CredentialView, **values: Any) -> CredentialView:
    return credentials.update(portal, principal, USER, made.id, CredentialEdit(**values))


@pytest.mark.parametrize("change", EDITS)
def test_a_key_of_a_provider_that_moved_can_be_switched_off_renamed_and_noted(
    portal: Portal, root: Principal, alice: Principal, change: CredentialEdit
) -> None:
    made = save_speech(portal, alice)
    set_base_url(portal, root, "azure_speech", ELSEWHERE)
    assert credentials.update(portal, alice, USER, made.id, change).version == 2


@pytest.mark.parametrize("change", EDITS)
def test_a_key_of_a_provider_that_moved_back_can_be_switched_off_renamed_and_noted(
    portal: Portal, root: Principal, alice: Principal, change: CredentialEdit
) -> None:
    set_base_url(portal, root, "azure_speech", ELSEWHERE)
    made = save_speech(portal, alice)
    set_base_url(portal, root, "azure_speech", "")
    assert credentials.update(portal, alice, USER, made.id, change).version == 2


def test_the_same_fields_again_are_no_other_place(portal: Portal, root: Principal, alice: Principal) -> None:
    set_base_url(portal, root, "azure_speech", ELSEWHERE)
    made = save_speech(portal, alice)
    set_base_url(portal, root, "azure_speech", "")
    assert edit(portal, alice, made, fields=WEST, active=False).active is False


def test_other_fields_that_lead_elsewhere_need_the_value(
    portal: Portal, root: Principal, alice: Principal
) -> None:
    set_base_url(portal, root, "azure_speech", ELSEWHERE)
    moved = save_speech(portal, alice)
    set_base_url(portal, root, "azure_speech", "")
    for made in (moved, save(portal, alice, "second", "b" * 32, provider="azure_speech", fields=WEST)):
        with pytest.raises(InvalidInput, match="where the key is sent"):
            edit(portal, alice, made, fields=EAST)
        assert row_of(portal, made.id).fields == WEST


def test_fields_can_lead_back_to_where_the_value_was_sealed_to(
    portal: Portal, root: Principal, alice: Principal
) -> None:
    made = save_speech(portal, alice)
    set_base_url(portal, root, "azure_speech", ELSEWHERE)
    edit(portal, alice, made, fields=EAST)
    set_base_url(portal, root, "azure_speech", "")
    assert edit(portal, alice, made, fields=WEST).fields == WEST


async def test_other_fields_take_the_verdict_with_them(portal: Portal, alice: Principal) -> None:
    made = save(portal, alice)
    await checks.check_saved(portal, alice, made.id)
    edit(portal, alice, made, fields={"organization": "org-other"})
    row = row_of(portal, made.id)
    assert (row.health_outcome, row.health_message, row.health_checked_at) == (None, "", None)
    assert (row.health_latency_ms, row.health_details) == (None, {})


async def test_a_new_name_and_the_same_fields_leave_the_verdict(portal: Portal, alice: Principal) -> None:
    made = save(portal, alice, fields={"organization": "org-mine"})
    await checks.check_saved(portal, alice, made.id)
    edit(portal, alice, made, name="Other", fields={"organization": "org-mine"})
    assert row_of(portal, made.id).health_outcome == "valid"
