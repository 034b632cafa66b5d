"""Rules of single providers, and error bodies written out in full as the providers document them."""

import pytest

from keyportal.domain.checks import Outcome
from tests.fakes.fake_provider import Answer, FakeProvider
from tests.fakes.provider_replies import REPLIES
from tests.fakes.provider_replies.shapes import listing
from tests.providers.support import check_at

OPENAI_INVALID_KEY = {
    "error": {
        "message": (
            "Incorrect API key provided: sk-abc*****wxyz. "
            "You can find your API key at https://platform.openai.com/account/api-keys."
        ),
        "type": "invalid_request_error",
        "param": None,
        "code": "invalid_api_key",
    }
}
OPENAI_NO_QUOTA = {
    "error": {
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "type": "insufficient_quota",
        "param": None,
        "code": "insufficient_quota",
    }
}
OPENAI_RATE_LIMIT = {
    "error": {
        "message": "Rate limit reached for requests. Limit: 3 / min. Please try again in 20s.",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
}
OPENAI_SCOPES = {
    "error": {
        "message": (
            "You have insufficient permissions for this operation. Missing scopes: api.model.read. "
            "Check that you have the correct role in your organization."
        ),
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
}
ANTHROPIC_INVALID_KEY = {
    "type": "error",
    "error": {"type": "authentication_error", "message": "invalid x-api-key"},
    "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy",
}
ANTHROPIC_OVERLOADED = {
    "type": "error",
    "error": {"type": "overloaded_error", "message": "Overloaded"},
    "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy",
}
ANTHROPIC_CREDIT = {
    "type": "error",
    "error": {
        "type": "invalid_request_error",
        "message": "Your credit balance is too low to access the Anthropic API.",
    },
}
GOOGLE_INVALID_KEY = {
    "error": {
        "code": 400,
        "message": "API key not valid. Please pass a valid API key.",
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"},
            },
            {
                "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
                "locale": "en-US",
                "message": "API key not valid. Please pass a valid API key.",
            },
        ],
    }
}
GOOGLE_DISABLED = {
    "error": {
        "code": 403,
        "message": "Cloud Speech-to-Text API has not been used in project 1 before or it is disabled.",
        "status": "PERMISSION_DENIED",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "SERVICE_DISABLED",
                "domain": "googleapis.com",
                "metadata": {"consumer": "projects/1", "service": "speech.googleapis.com"},
            },
        ],
    }
}
GOOGLE_WANTS_OAUTH = {
    "error": {
        "code": 401,
        "message": "API keys are not supported by this API. Expected OAuth2 access token.",
        "status": "UNAUTHENTICATED",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "CREDENTIALS_MISSING",
                "domain": "googleapis.com",
            },
        ],
    }
}
AWS_INVALID_ID = {
    "Error": {
        "Code": "InvalidClientTokenId",
        "Message": "The security token included in the request is invalid.",
        "Type": "Sender",
    },
    "RequestId": "01234567-89ab-cdef-0123-456789abcdef",
}
AWS_WRONG_SECRET = {
    "Error": {
        "Code": "SignatureDoesNotMatch",
        "Message": "The request signature we calculated does not match the signature you provided.",
        "Type": "Sender",
    },
    "RequestId": "01234567-89ab-cdef-0123-456789abcdef",
}


@pytest.mark.parametrize(
    ("provider_id", "status", "body", "outcome", "code"),
    [
        ("openai", 401, OPENAI_INVALID_KEY, Outcome.INVALID, "invalid_api_key"),
        ("openai", 429, OPENAI_NO_QUOTA, Outcome.QUOTA_EXHAUSTED, "insufficient_quota"),
        ("openai", 429, OPENAI_RATE_LIMIT, Outcome.RATE_LIMITED, "rate_limit_exceeded"),
        ("openai", 403, OPENAI_SCOPES, Outcome.VALID_LIMITED, "invalid_request_error"),
        ("anthropic", 401, ANTHROPIC_INVALID_KEY, Outcome.INVALID, "authentication_error"),
        ("anthropic", 529, ANTHROPIC_OVERLOADED, Outcome.PROVIDER_ERROR, "overloaded_error"),
        ("anthropic", 400, ANTHROPIC_CREDIT, Outcome.UNCHECKED, "invalid_request_error"),
        ("gemini", 400, GOOGLE_INVALID_KEY, Outcome.INVALID, "API_KEY_INVALID"),
        ("google_speech", 400, GOOGLE_INVALID_KEY, Outcome.INVALID, "API_KEY_INVALID"),
        ("google_speech", 403, GOOGLE_DISABLED, Outcome.VALID_LIMITED, "SERVICE_DISABLED"),
        ("google_speech", 401, GOOGLE_WANTS_OAUTH, Outcome.UNCHECKED, "CREDENTIALS_MISSING"),
        ("aws_transcribe", 403, AWS_INVALID_ID, Outcome.INVALID, "InvalidClientTokenId"),
        ("aws_bedrock", 403, AWS_WRONG_SECRET, Outcome.INVALID, "SignatureDoesNotMatch"),
    ],
)
async def test_a_documented_error_is_read_by_its_code(
    provider_id: str, status: int, body: object, outcome: Outcome, code: str
) -> None:
    with FakeProvider() as fake:
        fake.act(Answer(status, body))
        result = await check_at(fake, provider_id)
    assert (result.outcome, result.code) == (outcome, code)


XAI = {"api_key_blocked": False, "api_key_disabled": False, "team_blocked": False}
INFO = {"spend": 1, "max_budget": None}


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
        ("gemini", 401, {"error": {"status": "ACCESS_TOKEN_TYPE_UNSUPPORTED"}}, Outcome.UNCHECKED),
        ("openai", 401, {"error": {"code": "mismatched_project"}}, Outcome.REGION_OR_ENDPOINT_MISMATCH),
        ("xai", 200, {**XAI, "api_key_blocked": True}, Outcome.INVALID),
        ("xai", 200, {**XAI, "team_blocked": True}, Outcome.INVALID),
        ("xai", 200, {**XAI, "acls": ["api-key:endpoint:*"]}, Outcome.VALID_LIMITED),
        ("xai", 200, {**XAI, "acls": ["api-key:model:grok-3", "api-key:endpoint:chat"]}, Outcome.VALID),
        ("xai", 401, {}, Outcome.INVALID),
        ("dashscope", 429, {"code": "Throttling.RateQuota"}, Outcome.RATE_LIMITED),
        ("dashscope", 429, {"code": "Throttling.AllocationQuota"}, Outcome.QUOTA_EXHAUSTED),
        ("dashscope", 429, {"error": {"code": "insufficient_quota"}}, Outcome.QUOTA_EXHAUSTED),
        ("dashscope", 400, {"code": "InvalidParameter"}, Outcome.UNCHECKED),
        ("dashscope", 401, {"code": "InvalidApiKey"}, Outcome.INVALID),
        ("edenai", 200, {"credits": -1}, Outcome.QUOTA_EXHAUSTED),
        ("edenai", 402, {}, Outcome.QUOTA_EXHAUSTED),
        ("azure_speech", 404, b"", Outcome.REGION_OR_ENDPOINT_MISMATCH),
        ("azure_openai", 404, {"error": {"code": "404"}}, Outcome.REGION_OR_ENDPOINT_MISMATCH),
        ("cohere", 200, {"valid": False}, Outcome.INVALID),
        ("elevenlabs", 400, {"detail": {"status": "invalid_api_key"}}, Outcome.INVALID),
        ("elevenlabs", 400, {"detail": {"status": "missing_permissions"}}, Outcome.VALID_LIMITED),
        ("elevenlabs", 400, {"detail": {"status": "voice_not_found"}}, Outcome.UNCHECKED),
        ("nvidia", 200, {"type": "SERVICE_KEY"}, Outcome.VALID),
        ("nvidia", 200, {"type": "SOMETHING_ELSE"}, Outcome.UNCHECKED),
        ("litellm", 200, {"info": INFO}, Outcome.VALID),
        ("litellm", 200, {"info": {**INFO, "blocked": True}}, Outcome.INVALID),
        ("litellm", 400, {"error": {"type": "budget_exceeded"}}, Outcome.QUOTA_EXHAUSTED),
        ("revai", 200, {"balance_seconds": "many"}, Outcome.UNCHECKED),
        ("siliconflow", 200, {"data": {"totalBalance": "1e999"}}, Outcome.UNCHECKED),
        ("stability", 200, {"credits": True}, Outcome.UNCHECKED),
        ("moonshot", 200, {"data": {"available_balance": 1e300}}, Outcome.UNCHECKED),
        ("together", 200, [], Outcome.UNCHECKED),
    ],
)
async def test_special_answers_are_read_by_code(
    provider_id: str, status: int, body: object, outcome: Outcome
) -> None:
    with FakeProvider() as fake:
        fake.answer(status, body)
        result = await check_at(fake, provider_id)
    assert result.outcome is outcome


@pytest.mark.parametrize(
    ("provider_id", "balance", "models"),
    [
        ("deepseek", "110.00 CNY", ()),
        ("openrouter", "12.50 USD", ()),
        ("edenai", "9.50 USD", ()),
        ("revai", "4200 seconds", ()),
        ("stability", "12.34 credits", ()),
        ("moonshot", "49.59", ("moonshot-v1-8k",)),
        ("siliconflow", "88.88", ("Qwen/Qwen2.5-7B-Instruct",)),
        ("litellm", "8.50 USD", ("gpt-4o",)),
        ("gemini", None, ("gemini-2.5-flash",)),
        ("huggingface", None, ("meta-llama/Llama-3.1-8B-Instruct",)),
        ("nvidia", None, ("meta/llama-3.1-8b-instruct",)),
        ("cohere", None, ("command-r7b-12-2024",)),
        ("aws_bedrock", None, ("amazon.nova-micro-v1:0",)),
        ("azure_openai", None, ()),
    ],
)
async def test_models_and_balances_come_back_clean(
    provider_id: str, balance: str | None, models: tuple[str, ...]
) -> None:
    with FakeProvider() as fake:
        fake.act(REPLIES[provider_id].good)
        result = await check_at(fake, provider_id)
    assert (result.balance, result.models) == (balance, models)


@pytest.mark.parametrize("status", [403, 404])
async def test_a_key_that_may_not_look_at_itself_is_asked_for_models_instead(status: int) -> None:
    with FakeProvider() as fake:
        fake.act({"/api-key": Answer(status, {}), "/models": listing("grok-3-mini")})
        result = await check_at(fake, "xai")
    assert (result.outcome, result.models) == (Outcome.VALID, ("grok-3-mini",))


@pytest.mark.parametrize(
    ("provider_id", "words"),
    [
        ("assemblyai", "another region"),
        ("aws_bedrock", "the id, token or region beside it"),
        ("azure_openai", "another resource"),
        ("azure_speech", "another region"),
        ("dashscope", "another region"),
        ("openai", "address or organization"),
        ("perplexity", "credit is used up"),
    ],
)
async def test_a_refusal_that_may_mean_something_else_says_so(provider_id: str, words: str) -> None:
    with FakeProvider() as fake:
        fake.act(REPLIES[provider_id].bad)
        result = await check_at(fake, provider_id)
    assert result.outcome is Outcome.INVALID and words in result.message
