"""The Test button, against a real server on loopback."""

from collections.abc import Callable
from typing import Any

import pytest

from keyportal.domain.errors import Forbidden, KeyUnreadable, NotFound
from keyportal.domain.principals import Principal, Scope
from keyportal.domain.secret import Secret
from keyportal.providers import checking
from keyportal.services import access, agent_keys, checks, credentials
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person
from tests.fakes.fake_provider import FakeProvider
from tests.services.support import SYSTEM, USER, VALUE, events, row_of, save, spoil
from tests.support import FakeClock


async def test_a_good_answer_is_stored_as_health(
    portal: Portal, alice: Principal, openai: FakeProvider, clock: FakeClock
) -> None:
    mine = save(portal, alice)
    view = await checks.check_saved(portal, alice, mine.id)
    health = credentials.get(portal, alice, USER, mine.id).health
    assert (view.outcome, view.models, view.http_status) == ("valid", ("gpt-4o",), 200)
    assert (health.outcome, health.message, health.checked_at) == ("valid", view.message, clock.now())
    assert openai.requests[0].headers["authorization"] == f"Bearer {VALUE}"


async def test_a_check_counts_no_use_and_is_audited(portal: Portal, alice: Principal) -> None:
    mine = save(portal, alice)
    await checks.check_saved(portal, alice, mine.id)
    assert row_of(portal, mine.id).usage_count == 0
    last = events(portal)[-1]
    assert (last.action, last.object_id, last.details["outcome"]) == ("credential.check", mine.id, "valid")


async def test_a_bad_answer_is_stored_too(portal: Portal, alice: Principal, openai: FakeProvider) -> None:
    openai.answer(401, {"error": {"code": "invalid_api_key", "message": VALUE}})
    mine = save(portal, alice)
    view = await checks.check_saved(portal, alice, mine.id)
    assert credentials.get(portal, alice, USER, mine.id).health.outcome == view.outcome == "invalid"
    assert VALUE not in repr(view)


async def test_a_rate_limit_keeps_the_former_verdict(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    mine = save(portal, alice)
    await checks.check_saved(portal, alice, mine.id)
    openai.answer(429, {"error": {"code": "rate_limit_exceeded"}})
    view = await checks.check_saved(portal, alice, mine.id)
    assert view.outcome == "rate_limited"
    assert credentials.get(portal, alice, USER, mine.id).health.outcome == "valid"


async def test_a_rate_limit_without_a_former_verdict_is_stored(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    openai.answer(429, {})
    mine = save(portal, alice)
    await checks.check_saved(portal, alice, mine.id)
    assert credentials.get(portal, alice, USER, mine.id).health.outcome == "rate_limited"


async def test_a_key_is_not_sent_to_an_address_it_was_not_saved_for(
    make_portal: MakePortal, openai: FakeProvider
) -> None:
    before = make_portal(KEYPORTAL_BASE_URL_OPENAI="https://elsewhere.example/v1")
    mine = save(before, person(before, "alice"))
    portal = make_portal(KEYPORTAL_BASE_URL_OPENAI=f"{openai.url}/v1")
    view = await checks.check_saved(portal, person(portal, "alice"), mine.id)
    assert (view.outcome, openai.hits) == ("region_or_endpoint_mismatch", 0)
    assert "Enter the key's value again" in view.message


async def test_a_value_replaced_during_the_check_gets_no_stale_health(
    portal: Portal, alice: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = save(portal, alice)
    real = checking.check

    async def check_slowly(*arguments: Any, **options: Any):
        result = await real(*arguments, **options)
        edit = CredentialEdit(api_key=Secret("sk-new-9876543210zyxw"))
        credentials.update(portal, alice, USER, mine.id, edit)
        return result

    monkeypatch.setattr(checking, "check", check_slowly)
    await checks.check_saved(portal, alice, mine.id)
    assert credentials.get(portal, alice, USER, mine.id).health.outcome is None


async def test_nobody_checks_somebody_elses_key(
    portal: Portal, alice: Principal, bob: Principal, root: Principal, openai: FakeProvider
) -> None:
    mine = save(portal, alice)
    for who in (bob, root):
        with pytest.raises(NotFound):
            await checks.check_saved(portal, who, mine.id)
    assert openai.hits == 0


async def test_only_an_admin_checks_a_system_key(
    portal: Portal, alice: Principal, root: Principal, openai: FakeProvider
) -> None:
    system = save(portal, root, ownership=SYSTEM)
    with pytest.raises(NotFound):
        await checks.check_saved(portal, alice, system.id)
    assert openai.hits == 0
    assert (await checks.check_saved(portal, root, system.id)).outcome == "valid"


async def test_an_agent_that_only_resolves_checks_nothing(
    portal: Portal, alice: Principal, agent: Principal, openai: FakeProvider
) -> None:
    mine = save(portal, alice)
    with pytest.raises(Forbidden):
        await checks.check_saved(portal, agent, mine.id)
    assert openai.hits == 0


async def test_an_agent_that_writes_keys_checks_its_owners(portal: Portal, alice: Principal) -> None:
    issued = agent_keys.create(portal, alice, NewAgentKey("writer", [Scope.KEYS_WRITE]))
    writer = access.require_agent(portal, issued.token.reveal())
    assert (await checks.check_saved(portal, writer, save(portal, alice).id)).outcome == "valid"


async def test_a_damaged_key_is_marked_audited_and_not_sent(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    mine = save(portal, alice)
    spoil(portal, mine.id)
    with pytest.raises(KeyUnreadable):
        await checks.check_saved(portal, alice, mine.id)
    assert (openai.hits, credentials.get(portal, alice, USER, mine.id).status) == (0, "unreadable")
    last = events(portal)[-1]
    assert (last.result, last.object_id, last.details["reason"]) == ("failed", mine.id, "key_unreadable")


async def test_a_check_without_the_encryption_key_does_not_mark_the_key_for_good(
    portal: Portal, alice: Principal
) -> None:
    mine = save(portal, alice)
    row = row_of(portal, mine.id)
    assert row.sealed
    away = row.sealed[:1] + b"\x00" * 4 + row.sealed[5:]
    spoil(portal, mine.id, key_id="00000000", sealed=away)
    with pytest.raises(KeyUnreadable):
        await checks.check_saved(portal, alice, mine.id)
    spoil(portal, mine.id, key_id=row.key_id, sealed=row.sealed)
    assert credentials.get(portal, alice, USER, mine.id).status == "active"


@pytest.mark.parametrize("id", ["", "0", "../1", "x" * 10_000])
async def test_odd_ids_are_not_found(portal: Portal, alice: Principal, id: str) -> None:
    with pytest.raises(NotFound):
        await checks.check_saved(portal, alice, id)


async def test_the_event_is_on_record_before_the_key_is_with_its_provider(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    made, seen = save(portal, alice), []
    openai.script.default = _looking_first(openai.script.default, lambda: seen.extend(events(portal)))
    await checks.check_saved(portal, alice, made.id)
    assert [(e.action, e.result) for e in seen][-1] == ("credential.check", "started")
    assert events(portal)[-1].result == "ok"


def _looking_first(answer: Any, look: Callable[[], None]) -> Any:
    def looking(handler: Any) -> None:
        look()
        answer(handler)

    return looking
