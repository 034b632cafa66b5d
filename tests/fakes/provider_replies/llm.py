"""What providers of language models say in each situation, as they document it."""

from tests.fakes.fake_provider import Answer, Steps
from tests.fakes.provider_replies.shapes import (
    ECHO,
    HTML,
    Row,
    anthropic,
    chat,
    google,
    listing,
    openai,
    openai_like,
    told,
)

_XAI_KEY = {"acls": ["api-key:model:*", "api-key:endpoint:*"], "api_key_blocked": False, "team_id": "t"}
_DASHSCOPE = {"request_id": "0-0", "message": f"Refused {ECHO}."}
_AZURE_DENIED = "Access denied due to invalid subscription key or wrong API endpoint."


def _balance(**data: object) -> Answer:
    return Answer(200, {"code": 0, "data": data, "status": True})


def _deepseek(is_available: bool, currency: str, total: str) -> Answer:
    infos = [
        {"currency": currency, "total_balance": total, "granted_balance": "0", "topped_up_balance": total}
    ]
    return Answer(200, {"is_available": is_available, "balance_infos": infos})


def _azure(status: int, message: str) -> Answer:
    return Answer(status, {"error": {"code": str(status), "message": message}})


LLM: dict[str, Row] = {
    "openai": Row(
        good=listing("gpt-4o", "gpt-4o-mini"),
        bad=openai(401, "invalid_request_error", "invalid_api_key", f"Incorrect API key: {ECHO}."),
        restricted=openai(403, "invalid_request_error", None, "Missing scopes: api.model.read"),
        no_quota=openai(429, "insufficient_quota", "insufficient_quota"),
        rate_limited=openai(429, "requests", "rate_limit_exceeded"),
        down=openai(503, "server_error", None, "The engine is overloaded."),
        garbage=Answer(200, HTML),
    ),
    "anthropic": Row(
        good=Answer(200, {"data": [{"type": "model", "id": "claude-sonnet-4"}], "has_more": False}),
        bad=anthropic(401, "authentication_error"),
        restricted=anthropic(403, "permission_error"),
        no_quota=anthropic(402, "billing_error"),
        rate_limited=anthropic(429, "rate_limit_error"),
        down=anthropic(529, "overloaded_error"),
        garbage=Answer(200, {"models": []}),
    ),
    "gemini": Row(
        good=Answer(200, {"models": [{"name": "models/gemini-2.5-flash", "version": "001"}]}),
        bad=google(400, "INVALID_ARGUMENT", "API_KEY_INVALID"),
        restricted=google(403, "PERMISSION_DENIED", "API_KEY_SERVICE_BLOCKED"),
        no_quota=google(402, "FAILED_PRECONDITION"),
        rate_limited=google(429, "RESOURCE_EXHAUSTED"),
        down=google(503, "UNAVAILABLE"),
        garbage=Answer(200, [{"name": "models/gemini-2.5-flash"}]),
    ),
    "deepseek": Row(
        good=_deepseek(True, "CNY", "110.00"),
        bad=openai(401, "authentication_error", "invalid_request_error", f"Your key: {ECHO}"),
        restricted=openai(403, "permission_error", None),
        no_quota=_deepseek(False, "USD", "0"),
        rate_limited=openai(429, "rate_limit_error", None),
        down=openai(500, "server_error", None),
        garbage=Answer(200, {"is_available": "yes"}),
    ),
    "xai": Row(
        good=Steps.of({"/api-key": Answer(200, _XAI_KEY), "/models": listing("grok-3-mini")}),
        bad=Answer(400, {"code": "Client specified an invalid argument", "error": f"Incorrect key: {ECHO}"}),
        restricted=Steps.of(
            {
                "/api-key": Answer(200, {**_XAI_KEY, "acls": []}),
                "/models": listing("grok-3-mini"),
            }
        ),
        no_quota=Steps.of({"/api-key": Answer(200, _XAI_KEY), "/models": listing("grok-3-mini")}),
        rate_limited=Answer(429, {"code": "Some resource has been exhausted", "error": "Too many."}),
        down=Answer(503, {"error": "Service unavailable."}),
        garbage=Answer(200, {"name": "a key"}),
    ),
    "dashscope": openai_like(
        bad=openai(401, "invalid_request_error", "invalid_api_key", f"Incorrect API key: {ECHO}."),
        restricted=Answer(403, {**_DASHSCOPE, "code": "AccessDenied.Unpurchased"}),
        no_quota=Answer(400, {**_DASHSCOPE, "code": "Arrearage"}),
        model="qwen-plus",
    ),
    "mistral": openai_like(
        bad=told(401, "Unauthorized"), no_quota=told(402, "Payment required"), model="mistral-small-latest"
    ),
    "groq": openai_like(
        restricted=openai(403, "permissions_error", "organization_restricted"), model="llama-3.1-8b-instant"
    ),
    "cohere": Row(
        good=Steps.of(
            {
                "/v1/check-api-key": Answer(200, {"valid": True, "organization_id": "o", "owner_id": "p"}),
                "/v1/models": Answer(200, {"models": [{"name": "command-r7b-12-2024"}]}),
            }
        ),
        bad=Answer(401, {"id": "0-0", "message": "invalid api token"}),
        restricted=Answer(403, {"message": "Your account does not have access."}),
        no_quota=Answer(402, {"message": "Reached the billing limit."}),
        rate_limited=Answer(429, {"message": "Trial keys are limited."}),
        down=Answer(500, {"message": "Internal error."}),
        garbage=Answer(200, {"valid": "yes"}),
    ),
    "together": Row(
        good=Answer(200, [{"id": "meta-llama/Llama-3.2-3B-Instruct-Turbo", "type": "chat"}]),
        bad=openai(401, "invalid_request_error", "invalid_api_key"),
        restricted=Answer(200, [{"id": "meta-llama/Llama-3.2-3B-Instruct-Turbo", "type": "chat"}]),
        no_quota=Answer(200, [{"id": "meta-llama/Llama-3.2-3B-Instruct-Turbo", "type": "chat"}]),
        rate_limited=openai(429, "rate_limit", None),
        down=openai(503, "server_error", None),
        garbage=Answer(200, [{"object": "model"}]),
    ),
    "fireworks": openai_like(
        bad=openai(401, "error", "UNAUTHORIZED", "The API key you provided is invalid."),
        restricted=openai(403, "error", "FORBIDDEN"),
        no_quota=openai(412, "error", "PRECONDITION_FAILED", "The account is suspended."),
    ),
    "perplexity": Row(
        good=chat(),
        bad=Answer(401, HTML),
        restricted=openai(403, "forbidden", None),
        no_quota=Answer(401, HTML),
        rate_limited=openai(429, "rate_limit", None),
        down=Answer(502, HTML),
        garbage=Answer(200, HTML),
    ),
    "azure_openai": Row(
        good=Answer(200, {"data": [{"id": "gpt-4o-2024-08-06", "status": "succeeded"}], "object": "list"}),
        bad=_azure(401, _AZURE_DENIED),
        restricted=_azure(403, "Access denied due to Virtual Network/Firewall rules."),
        no_quota=Answer(200, {"data": [{"id": "gpt-4o-2024-08-06"}], "object": "list"}),
        rate_limited=_azure(429, "Requests have exceeded the rate limit."),
        down=_azure(503, "Service unavailable."),
        garbage=Answer(200, {"value": []}),
    ),
    "huggingface": Row(
        good=Steps.of(
            {
                "/api/whoami-v2": Answer(
                    200,
                    {
                        "type": "user",
                        "name": "alice",
                        "auth": {"type": "access_token", "accessToken": {"displayName": "a", "role": "read"}},
                    },
                ),
                "/models": listing("meta-llama/Llama-3.1-8B-Instruct"),
            }
        ),
        bad=Answer(401, {"error": "Invalid credentials in Authorization header"}),
        restricted=Answer(403, {"error": "Forbidden"}),
        no_quota=Answer(200, {"type": "user", "auth": {"accessToken": {"role": "write"}}}),
        rate_limited=Answer(429, {"error": "Too many requests."}),
        down=Answer(504, b"Gateway Time-out"),
        garbage=Answer(200, {"type": "user", "name": "alice"}),
    ),
    "cerebras": openai_like(
        bad=Answer(
            401, {"message": "Wrong API Key", "type": "invalid_request_error", "code": "wrong_api_key"}
        ),
        no_quota=openai(402, "payment_required_error", None),
        model="llama3.1-8b",
    ),
    "voyage": Row(
        good=Answer(200, {"object": "list", "data": [{"embedding": [0.1], "index": 0}], "model": "v"}),
        bad=told(401, "Provided API key is invalid."),
        restricted=told(403, "This address is not allowed."),
        no_quota=told(429, "You have not yet added your payment method."),
        rate_limited=told(429, "Too many requests."),
        down=told(502),
        garbage=Answer(200, {"data": []}),
    ),
    "nvidia": Row(
        good=Steps.of(
            {
                "/v3/keys/get-caller-info": Answer(
                    200, {"requestStatus": {"statusCode": "SUCCESS"}, "type": "PERSONAL_KEY", "products": []}
                ),
                "/models": listing("meta/llama-3.1-8b-instruct"),
            }
        ),
        bad=Answer(401, {"requestStatus": {"statusCode": "UNAUTHORIZED"}}),
        restricted=Answer(403, {"requestStatus": {"statusCode": "FORBIDDEN"}}),
        no_quota=Answer(200, {"requestStatus": {"statusCode": "SUCCESS"}, "type": "SERVICE_KEY"}),
        rate_limited=Answer(429, {}),
        down=Answer(500, {}),
        garbage=Answer(200, {"requestStatus": {"statusCode": "SUCCESS"}}),
    ),
    "moonshot": Row(
        good=Steps.of(
            {
                "/users/me/balance": _balance(available_balance=49.58894, cash_balance=3, voucher_balance=46),
                "/models": listing("moonshot-v1-8k"),
            }
        ),
        bad=openai(401, "invalid_authentication_error", None),
        restricted=openai(403, "permission_denied_error", None),
        no_quota=_balance(available_balance=0, cash_balance=-1.5, voucher_balance=0),
        rate_limited=openai(429, "rate_limit_reached_error", None),
        down=openai(500, "server_error", None),
        garbage=Answer(200, {"code": 0, "data": {}}),
    ),
    "siliconflow": Row(
        good=Steps.of(
            {
                "/user/info": _balance(id="u", balance="0.88", status="normal", totalBalance="88.88"),
                "/models": listing("Qwen/Qwen2.5-7B-Instruct"),
            }
        ),
        bad=Answer(401, b'"Invalid token"'),
        restricted=Answer(403, {"code": 30011, "message": "Not available."}),
        no_quota=_balance(id="u", balance="0", totalBalance="-0.20"),
        rate_limited=Answer(429, {"message": "Too many requests."}),
        down=Answer(504, b'"Gateway timeout"'),
        garbage=_balance(totalBalance="plenty"),
    ),
    "zhipu": Row(
        good=Steps.of({"/models": listing("glm-4.5-flash"), "made-up /models": openai(401, "error", "1001")}),
        bad=openai(401, "error", "1000"),
        restricted=openai(403, "error", "1220"),
        no_quota=openai(429, "error", "1113"),
        rate_limited=openai(429, "error", "1302"),
        down=openai(500, "error", "1230"),
        garbage=Answer(200, HTML),
    ),
}
