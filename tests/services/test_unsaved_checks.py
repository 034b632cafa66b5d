"""Testing a key before it is saved, and asking about a model: nothing stored, everything on record."""

from pathlib import Path

import pytest

from keyportal.domain.errors import Forbidden, InvalidInput, NotFound, ProviderDisabled, UnknownProvider
from keyportal.domain.principals import Principal, Scope
from keyportal.domain.secret import Secret
from keyportal.persistence.tables import ProviderRow
from keyportal.services import access, agent_keys, checks, credentials
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.checks import Question, UnsavedKey
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person
from tests.fakes.fake_provider import FakeProvider
from tests.services.support import SYSTEM, USER, VALUE, events, row_of, save
from tests.support import FakeClock, all_text_of

CHAT = {"choices": [{"message": {"role": "assistant", "content": "Hi"}}], "object": "chat.completion"}


def unsaved(value: str = VALUE, **more) -> UnsavedKey:
    return UnsavedKey(more.pop("provider", "openai"), Secret(value), **more)


def turn_off(portal: Portal, provider_id: str) -> None:
    now = portal.clock.now()
    with portal.database.transaction() as session:
        session.add(ProviderRow(id=provider_id, enabled=False, created_at=now, updated_at=now))
    portal.live_registry.forget()


async def test_a_key_is_tested_before_it_is_saved_and_nothing_is_stored(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    view = await checks.check_unsaved(portal, alice, USER, unsaved())
    assert (view.credential_id, view.outcome, view.models_count) == ("", "valid", 1)
    assert openai.requests[0].headers["authorization"] == f"Bearer {VALUE}"
    assert credentials.search(portal, alice, USER).total == 0
    assert VALUE.encode() not in all_text_of(portal)


async def test_an_unsaved_test_is_on_record_by_its_mask(portal: Portal, alice: Principal) -> None:
    await checks.check_unsaved(portal, alice, USER, unsaved())
    began, ended = events(portal)[-2:]
    assert (began.action, began.result, ended.result) == ("credential.check", "started", "ok")
    assert (ended.details["mask"], ended.details["outcome"]) == (f"****...{VALUE[-4:]}", "valid")


async def test_a_line_is_split_only_with_consent(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    line = f'export OPENAI_API_KEY="{VALUE}"'
    with pytest.raises(InvalidInput, match="NAME=value"):
        await checks.check_unsaved(portal, alice, USER, unsaved(line))
    await checks.check_unsaved(portal, alice, USER, unsaved(line, split_assignment=True))
    assert [r.headers["authorization"] for r in openai.requests] == [f"Bearer {VALUE}"]


@pytest.mark.parametrize(
    ("key", "refusal"),
    [
        (unsaved(provider="nobody"), UnknownProvider),
        (unsaved(fields={"host": "evil.test"}), InvalidInput),
        (unsaved("****...WXYZ"), InvalidInput),
        (unsaved(""), InvalidInput),
    ],
)
async def test_what_cannot_be_saved_is_not_tested_either(
    portal: Portal, alice: Principal, openai: FakeProvider, key: UnsavedKey, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await checks.check_unsaved(portal, alice, USER, key)
    assert openai.hits == 0


async def test_only_an_admin_tests_for_the_system_and_only_writers_test_at_all(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    token = agent_keys.create(portal, alice, NewAgentKey("reader", [Scope.KEYS_READ])).token.reveal()
    for principal, ownership in ((alice, SYSTEM), (access.require_agent(portal, token), USER)):
        with pytest.raises(Forbidden):
            await checks.check_unsaved(portal, principal, ownership, unsaved())
    assert openai.hits == 0


async def test_a_provider_that_is_off_is_not_asked(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    mine = save(portal, alice)
    turn_off(portal, "openai")
    with pytest.raises(ProviderDisabled, match="OpenAI is turned off"):
        await checks.check_unsaved(portal, alice, USER, unsaved())
    with pytest.raises(ProviderDisabled):
        await checks.check_saved(portal, alice, mine.id)
    assert openai.hits == 0


async def test_model_access_is_asked_and_kept(portal: Portal, alice: Principal, openai: FakeProvider) -> None:
    openai.answer(200, {**CHAT, "data": [{"id": "gpt-4o"}]})
    mine = save(portal, alice)
    view = await checks.check_saved(portal, alice, mine.id, Question(model=" gpt-4o-mini "))
    last = checks.last_check(portal, alice, mine.id)
    assert (view.model, view.model_outcome, last.model, last.model_outcome) == ("gpt-4o-mini", "valid") * 2
    assert [r.method for r in openai.requests] == ["GET", "POST"]
    assert events(portal)[-1].details["model"] == "gpt-4o-mini"


@pytest.mark.parametrize("model", ["../x", "a b", "x" * 200, "a?b", "\u00e9"])
async def test_a_model_that_is_no_name_is_refused_before_anything_is_sent(
    portal: Portal, alice: Principal, openai: FakeProvider, model: str
) -> None:
    mine = save(portal, alice)
    with pytest.raises(InvalidInput) as refusal:
        await checks.check_saved(portal, alice, mine.id, Question(model=model))
    assert (refusal.value.field, openai.hits) == ("model", 0)


PLAIN = "Zx9canaryVALUE77abcdefgh"


@pytest.mark.parametrize("model", [PLAIN, f"models/{PLAIN}", f"{PLAIN}:1", PLAIN[:16], f"x/{PLAIN[-16:]}"])
async def test_the_key_or_a_piece_of_it_is_no_model(
    portal: Portal, alice: Principal, openai: FakeProvider, model: str
) -> None:
    mine, question = save(portal, alice, value=PLAIN), Question(model=model)
    for check in (
        checks.check_saved(portal, alice, mine.id, question),
        checks.check_unsaved(portal, alice, USER, unsaved(PLAIN), question),
    ):
        with pytest.raises(InvalidInput, match="not a model") as refusal:
            await check
        assert refusal.value.field == "model"
    assert (openai.hits, PLAIN[:16].encode() in all_text_of(portal)) == (0, False)


async def test_a_secret_field_is_no_model_either(portal: Portal, alice: Principal) -> None:
    token = "IQoJcanaryToken0123"
    fields = {"access_key_id": "ASIAIOSFODNN7EXAMPLE", "region": "eu-central-1", "session_token": token}
    key, question = "w" * 40, Question(model=f"x/{token}")
    mine = save(portal, alice, provider="aws_transcribe", value=key, fields=fields)
    for check in (
        checks.check_saved(portal, alice, mine.id, question),
        checks.check_unsaved(
            portal, alice, USER, unsaved(key, provider="aws_transcribe", fields=fields), question
        ),
    ):
        with pytest.raises(InvalidInput, match="not a model"):
            await check
    assert token.encode() not in all_text_of(portal)


async def test_the_last_result_can_be_seen_again(
    portal: Portal, alice: Principal, bob: Principal, openai: FakeProvider
) -> None:
    openai.answer(200, {"data": [{"id": f"model-{n}"} for n in range(300)]})
    mine = save(portal, alice)
    with pytest.raises(NotFound, match="not tested yet"):
        checks.last_check(portal, alice, mine.id)
    found = await checks.check_saved(portal, alice, mine.id)
    last = checks.last_check(portal, alice, mine.id)
    assert (last.outcome, last.message, last.checked_at) == (found.outcome, found.message, found.checked_at)
    assert (last.models_count, len(last.models)) == (300, 200)
    with pytest.raises(NotFound):
        checks.last_check(portal, bob, mine.id)


async def test_a_rate_limit_keeps_the_former_verdict_with_its_time(
    portal: Portal, alice: Principal, openai: FakeProvider, clock: FakeClock
) -> None:
    mine = save(portal, alice)
    first = await checks.check_saved(portal, alice, mine.id)
    clock.advance(checks.throttle.TEST_WINDOW)
    openai.answer(429, {"error": {"code": "rate_limit_exceeded"}})
    await checks.check_saved(portal, alice, mine.id)
    last = checks.last_check(portal, alice, mine.id)
    assert (last.outcome, last.checked_at, last.models) == ("valid", first.checked_at, first.models)


async def test_an_edited_field_is_tested_and_not_stored(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    mine = save(portal, alice)
    await checks.check_saved(portal, alice, mine.id, fields={"organization": "org-abc"})
    assert openai.requests[0].headers["openai-organization"] == "org-abc"
    assert row_of(portal, mine.id).health_outcome is None


async def test_a_field_that_moves_the_address_sends_nothing(
    make_portal: MakePortal,
) -> None:
    portal = make_portal()
    alice = person(portal, "alice")
    made = save(portal, alice, provider="azure_speech", fields={"region": "westeurope"}, value="a" * 32)
    view = await checks.check_saved(portal, alice, made.id, fields={"region": "eastus"})
    assert view.outcome == "region_or_endpoint_mismatch"
    assert "westeurope" in view.message
    assert row_of(portal, made.id).health_outcome is None


async def test_a_test_never_flips_the_switch(portal: Portal, alice: Principal, openai: FakeProvider) -> None:
    openai.answer(401, {"error": {"code": "invalid_api_key"}})
    mine, off = save(portal, alice), save(portal, alice, "off", active=False)
    await checks.check_saved(portal, alice, mine.id)
    openai.answer(200, {"data": [{"id": "gpt-4o"}]})
    await checks.check_saved(portal, alice, off.id)
    assert (row_of(portal, mine.id).active, row_of(portal, off.id).active) == (True, False)


async def test_a_provider_without_an_address_keeps_its_key_unchecked_until_it_has_one(
    make_portal: MakePortal, openai: FakeProvider, tmp_path: Path
) -> None:
    portal = make_portal()
    alice = person(portal, "alice")
    made = save(portal, alice, provider="nona")
    assert (await checks.check_saved(portal, alice, made.id)).outcome == "unchecked"
    now = portal.clock.now()
    with portal.database.transaction() as session:
        row = ProviderRow(id="nona", base_url=f"{openai.url}/v1", created_at=now, updated_at=now)
        session.add(row)
    portal.live_registry.forget()
    moved = await checks.check_saved(portal, alice, made.id)
    assert (moved.outcome, openai.hits) == ("region_or_endpoint_mismatch", 0)
    fresh = await checks.check_unsaved(portal, alice, USER, unsaved(provider="nona"))
    assert fresh.outcome == "unchecked" and "answers at this address" in fresh.message


async def test_a_rate_limit_is_not_hidden_behind_what_was_no_verdict(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    mine = save(portal, alice)
    openai.answer(503, {})
    await checks.check_saved(portal, alice, mine.id)
    openai.answer(429, {"error": {"code": "rate_limit_exceeded"}})
    await checks.check_saved(portal, alice, mine.id)
    assert checks.last_check(portal, alice, mine.id).outcome == "rate_limited"
