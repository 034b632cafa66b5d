"""The second level: which model is asked about, and what its answer says of the key."""

import json

import pytest

from keyportal.domain.checks import CheckResult, Outcome
from keyportal.domain.secret import Secret
from keyportal.providers.checking import check
from tests.fakes.fake_provider import Answer, FakeProvider, Received
from tests.providers.support import KEY, client_for, provider_at

CHAT = {"choices": [{"message": {"role": "assistant", "content": "Hi"}}]}


async def check_model(
    listed: list[str], answer: Answer, *, model: str = "", list_status: int = 200
) -> tuple[CheckResult, list[str]]:
    """Return what was found, and the models that were asked about."""

    def choose(request: Received) -> Answer:
        if request.method == "POST":
            return answer
        return Answer(list_status, {"data": [{"id": name} for name in listed]})

    with FakeProvider() as fake:
        fake.answer_by(choose)
        result = await check(
            provider_at(fake), Secret(KEY), {}, client_for(fake), with_model=True, model=model
        )
        asked = [json.loads(r.body)["model"] for r in fake.requests if r.method == "POST"]
    return result, asked


@pytest.mark.parametrize(
    ("listed", "chosen"),
    [
        (["gpt-5", "gpt-4o-mini-2024", "gpt-4o"], "gpt-4o-mini-2024"),
        (["text-embedding-3-small", "whisper-1", "our-chat"], "our-chat"),
        (["dall-e-3"], "dall-e-3"),
        ([], "gpt-4.1-nano"),
    ],
)
async def test_a_small_model_the_key_lists_is_chosen(listed: list[str], chosen: str) -> None:
    result, asked = await check_model(listed, Answer(200, CHAT))
    assert (asked, result.model, result.outcome) == ([chosen], chosen, Outcome.VALID)
    assert result.message.endswith(f"It may use {chosen}.")


async def test_a_model_of_ones_own_choice_is_asked_about() -> None:
    _, asked = await check_model(["gpt-4o-mini"], Answer(200, CHAT), model="o3")
    assert asked == ["o3"]


@pytest.mark.parametrize(
    ("status", "code", "of_model", "of_key"),
    [
        (403, "missing_scope", Outcome.VALID_LIMITED, Outcome.VALID_LIMITED),
        (401, "invalid_api_key", Outcome.INVALID, Outcome.VALID_LIMITED),
        (404, "model_not_found", Outcome.VALID_LIMITED, Outcome.VALID),
        (400, "unsupported_value", Outcome.UNCHECKED, Outcome.VALID),
        (429, "insufficient_quota", Outcome.QUOTA_EXHAUSTED, Outcome.QUOTA_EXHAUSTED),
        (429, "rate_limit_exceeded", Outcome.RATE_LIMITED, Outcome.VALID),
        (503, "", Outcome.PROVIDER_ERROR, Outcome.VALID),
    ],
)
async def test_what_is_about_the_model_does_not_condemn_the_key(
    status: int, code: str, of_model: Outcome, of_key: Outcome
) -> None:
    result, _ = await check_model(["gpt-4o-mini"], Answer(status, {"error": {"code": code}}))
    assert (result.model_outcome, result.outcome) == (of_model, of_key)
    assert result.models == ("gpt-4o-mini",)


async def test_a_key_that_may_not_list_may_still_use_a_model() -> None:
    result, asked = await check_model([], Answer(200, CHAT), list_status=403)
    assert asked == ["gpt-4.1-nano"]
    assert (result.outcome, result.model_outcome) == (Outcome.VALID_LIMITED, Outcome.VALID)


async def test_a_refused_key_is_not_asked_about_models() -> None:
    result, asked = await check_model([], Answer(200, CHAT), list_status=401)
    assert (result.outcome, result.model, asked) == (Outcome.INVALID, None, [])


async def test_a_deployment_is_asked_by_the_name_its_owner_gave_it() -> None:
    def choose(request: Received) -> Answer:
        return Answer(200, CHAT) if request.method == "POST" else Answer(200, {"data": [{"id": "gpt-4o"}]})

    fields = {"resource": "my-team", "deployment": "our-chat"}
    with FakeProvider() as fake:
        fake.answer_by(choose)
        provider = provider_at(fake, "azure_openai")
        result = await check(provider, Secret(KEY), fields, client_for(fake), with_model=True)
    assert (result.model, result.model_outcome) == ("our-chat", Outcome.VALID)
    assert "/openai/deployments/our-chat/chat/completions" in fake.requests[-1].path
