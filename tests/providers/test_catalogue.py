"""Provider by situation: one table, every pair, through a real socket."""

import re

import pytest

from keyportal.domain.checks import Outcome
from keyportal.providers.registry import CATALOGUE
from tests.fakes.fake_provider import FakeProvider
from tests.fakes.provider_replies import REPLIES, SITUATIONS
from tests.providers.support import KEY, check_at, leaks, with_echo

EXPECTED = {
    "good": Outcome.VALID,
    "bad": Outcome.INVALID,
    "restricted": Outcome.VALID_LIMITED,
    "no_quota": Outcome.QUOTA_EXHAUSTED,
    "rate_limited": Outcome.RATE_LIMITED,
    "down": Outcome.PROVIDER_ERROR,
    "garbage": Outcome.UNCHECKED,
}
IDS = sorted(provider.id for provider in CATALOGUE)


def test_every_provider_has_a_row_and_every_situation_an_outcome() -> None:
    assert sorted(REPLIES) == IDS
    assert sorted(EXPECTED) == sorted(SITUATIONS)


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("provider_id", IDS)
async def test_each_answer_is_read_as_documented(provider_id: str, situation: str) -> None:
    answer = getattr(REPLIES[provider_id], situation)
    with FakeProvider() as fake:
        fake.answer(answer.status, with_echo(answer.body))
        result = await check_at(fake, provider_id)
    assert result.outcome is EXPECTED[situation], result
    assert result.http_status == answer.status
    assert not leaks(result)
    assert re.fullmatch(r"[A-Z].*\.", result.message)


@pytest.mark.parametrize("provider_id", IDS)
async def test_the_key_travels_in_one_header_and_never_in_the_url(provider_id: str) -> None:
    with FakeProvider() as fake:
        await check_at(fake, provider_id)
    (request,) = fake.requests
    carriers = [name for name, value in request.headers.items() if KEY in value]
    assert len(carriers) == 1
    assert KEY not in request.path


@pytest.mark.parametrize(
    ("provider_id", "path", "header", "value"),
    [
        ("openai", "/models", "authorization", f"Bearer {KEY}"),
        ("anthropic", "/v1/models?limit=100", "x-api-key", KEY),
        ("gemini", "/v1beta/models?pageSize=50", "x-goog-api-key", KEY),
        ("deepseek", "/user/balance", "authorization", f"Bearer {KEY}"),
        ("openrouter", "/key", "authorization", f"Bearer {KEY}"),
        ("deepgram", "/v1/auth/token", "authorization", f"Token {KEY}"),
    ],
)
async def test_each_request_is_the_documented_one(
    provider_id: str, path: str, header: str, value: str
) -> None:
    with FakeProvider() as fake:
        await check_at(fake, provider_id)
    (request,) = fake.requests
    assert (request.method, request.path) == ("GET", path)
    assert request.headers[header] == value


@pytest.mark.parametrize("provider", CATALOGUE, ids=lambda provider: provider.id)
def test_every_entry_can_be_shown_and_configured(provider) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", provider.id)
    assert provider.base_url.startswith("https://")
    assert provider.console_url.startswith("https://")
    assert provider.environment_names and provider.how_to.endswith(".")


async def test_models_and_balances_come_back_clean() -> None:
    with FakeProvider() as fake:
        fake.answer(200, REPLIES["gemini"].good.body)
        gemini = await check_at(fake, "gemini")
        fake.answer(200, REPLIES["deepseek"].good.body)
        deepseek = await check_at(fake, "deepseek")
        fake.answer(200, REPLIES["openrouter"].good.body)
        openrouter = await check_at(fake, "openrouter")
    assert gemini.models == ("gemini-2.5-flash",)
    assert gemini.message == "Google Gemini accepts this key and lists 1 model."
    assert (deepseek.balance, openrouter.balance) == ("110.00 CNY", "12.50 USD")


@pytest.mark.parametrize(
    ("provider_id", "status", "body", "outcome"),
    [
        ("openrouter", 200, {"data": {"limit_remaining": None}}, Outcome.VALID),
        ("openrouter", 200, {"data": {"limit_remaining": -0.1}}, Outcome.QUOTA_EXHAUSTED),
        ("openrouter", 200, {"data": [{"id": "public/model"}]}, Outcome.UNCHECKED),
        ("openrouter", 200, b'{"data": {"limit_remaining": NaN}}', Outcome.UNCHECKED),
        ("deepgram", 200, {"api_key_id": "f0e1", "scopes": []}, Outcome.VALID_LIMITED),
        ("deepgram", 200, {"api_key": {"scopes": ["member"]}}, Outcome.VALID),
        ("deepgram", 200, {"models": []}, Outcome.UNCHECKED),
        ("anthropic", 404, {"error": {"type": "not_found_error"}}, Outcome.INVALID),
        ("anthropic", 404, b"<html>", Outcome.UNCHECKED),
        ("gemini", 400, {"error": {"status": "INVALID_ARGUMENT"}}, Outcome.UNCHECKED),
        ("gemini", 400, {"error": {"status": "FAILED_PRECONDITION"}}, Outcome.VALID_LIMITED),
        (
            "gemini",
            401,
            {"error": {"details": [{"reason": "ACCESS_TOKEN_TYPE_UNSUPPORTED"}]}},
            Outcome.UNCHECKED,
        ),
        (
            "openai",
            401,
            {"error": {"code": "mismatched_organization"}},
            Outcome.REGION_OR_ENDPOINT_MISMATCH,
        ),
    ],
)
async def test_special_answers_are_read_by_code(
    provider_id: str, status: int, body: object, outcome: Outcome
) -> None:
    with FakeProvider() as fake:
        fake.answer(status, body)
        result = await check_at(fake, provider_id)
    assert result.outcome is outcome
