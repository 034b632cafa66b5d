"""General keys: bound to no provider, tested where they are linked, without dates; and others' dates."""

from datetime import timedelta
from typing import Any

import pytest

from keyportal.domain.errors import InvalidInput, NoKey, ProviderDisabled
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.services import (
    check_batches,
    checks,
    credentials,
    links,
    overview,
    provider_edits,
    resolution,
)
from keyportal.services.checks import UnsavedKey
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from tests.fakes.fake_provider import FakeProvider
from tests.services.provider_support import add, set_base_url
from tests.services.support import USER, events, row_of, save
from tests.support import START

VALUE = "general-value-0123456789"
TOMORROW = START + timedelta(days=1)


@pytest.fixture
def general(portal: Portal, alice: Principal) -> str:
    return save(portal, alice, "general", VALUE, provider="").id


def test_it_is_in_no_chain_until_it_is_linked(
    portal: Portal, alice: Principal, agent: Principal, general: str
) -> None:
    with pytest.raises(NoKey):
        resolution.resolve_key(portal, agent, "openai")
    assert overview.overview_for(portal, alice).chains == ()


async def test_unlinked_its_test_asks_nobody_and_says_to_link_it(
    portal: Portal, alice: Principal, general: str, openai: FakeProvider
) -> None:
    found = await checks.check_saved(portal, alice, general)
    assert found.outcome == "unchecked"
    assert found.message == "This key is bound to no provider. Link it to one first, then test it there."
    assert openai.hits == 0
    assert credentials.get(portal, alice, USER, general).health.message == found.message


async def test_linked_it_is_tested_with_the_first_provider_it_was_linked_to(
    portal: Portal, alice: Principal, general: str, openai: FakeProvider
) -> None:
    links.link(portal, alice, USER, general, "openai", "gpt-*")
    found = await checks.check_saved(portal, alice, general)
    assert (found.outcome, openai.requests[-1].headers["authorization"]) == ("valid", f"Bearer {VALUE}")
    checked = [e.details["provider"] for e in events(portal) if e.action == "credential.check"]
    assert checked == ["openai", "openai"]


async def test_a_provider_that_moved_since_is_not_asked(
    portal: Portal, root: Principal, alice: Principal, general: str, openai: FakeProvider
) -> None:
    links.link(portal, alice, USER, general, "groq")
    set_base_url(portal, root, "groq", f"{openai.url}/v1")
    found = await checks.check_saved(portal, alice, general)
    assert (found.outcome, openai.hits) == ("region_or_endpoint_mismatch", 0)
    assert "linked for https://api.groq.com" in found.message and "link it again" in found.message


async def test_a_provider_turned_off_is_not_asked(
    portal: Portal, root: Principal, alice: Principal, general: str, openai: FakeProvider
) -> None:
    links.link(portal, alice, USER, general, "openai")
    provider_edits.set_enabled(portal, root, "openai", False)
    with pytest.raises(ProviderDisabled):
        await checks.check_saved(portal, alice, general)
    assert openai.hits == 0


async def test_it_goes_along_with_a_batch(
    portal: Portal, alice: Principal, general: str, openai: FakeProvider
) -> None:
    bound = save(portal, alice, "bound").id
    steps = [s async for s in check_batches.check_many(portal, alice, [general, bound])]
    assert {s.credential_id: s.found.outcome for s in steps if s.found} == {
        general: "unchecked", bound: "valid"}  # fmt: skip


async def test_in_a_form_it_is_not_tested_and_nothing_is_asked(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    found = await checks.check_unsaved(portal, alice, USER, UnsavedKey("", Secret(VALUE)))
    assert (found.outcome, openai.hits) == ("unchecked", 0)
    assert found.message.startswith("A General key is tested where it is linked.")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"expires_at": TOMORROW}, "expires_at"),
        ({"remind_at": TOMORROW}, "remind_at"),
        ({"fields": {"region": "eu"}}, "fields"),
    ],
)
def test_it_has_no_dates_and_no_fields(
    portal: Portal, alice: Principal, general: str, more: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        save(portal, alice, "other", provider="", **more)
    assert refusal.value.field == field
    with pytest.raises(InvalidInput):
        credentials.update(portal, alice, USER, general, CredentialEdit(**more))
    assert row_of(portal, general).version == 1


def test_what_the_form_sends_empty_changes_nothing(portal: Portal, alice: Principal, general: str) -> None:
    edit = CredentialEdit(name="general", expires_at=None, remind_at=None, fields={}, note="n")
    assert credentials.update(portal, alice, USER, general, edit).note == "n"


def test_links_to_a_provider_that_is_deleted_go_with_it(
    portal: Portal, root: Principal, alice: Principal, general: str
) -> None:
    custom = add(portal, root, "Our cluster")
    links.link(portal, alice, USER, general, custom.id)
    provider_edits.delete_custom(portal, root, custom.id)
    assert links.links_of(portal, alice, USER, general) == []


def test_a_reminder_and_an_expiry_are_kept_and_taken_back(portal: Portal, alice: Principal) -> None:
    made = save(portal, alice, "mine", expires_at=TOMORROW, remind_at=START, failover=True)
    assert (made.expires_at, made.remind_at, made.failover) == (TOMORROW, START, True)
    kept = credentials.update(portal, alice, USER, made.id, CredentialEdit(note="n"))
    assert (kept.remind_at, kept.failover) == (START, True)
    edit = CredentialEdit(remind_at=None, failover=False)
    changed = credentials.update(portal, alice, USER, made.id, edit)
    assert (changed.expires_at, changed.remind_at, changed.failover) == (TOMORROW, None, False)
    assert events(portal)[-1].details["changed"] == ["failover", "remind_at"]


def test_a_reminder_without_a_time_zone_is_refused_at_its_field(portal: Portal, alice: Principal) -> None:
    with pytest.raises(InvalidInput) as refusal:
        save(portal, alice, "mine", remind_at=START.replace(tzinfo=None))
    assert refusal.value.field == "remind_at"
