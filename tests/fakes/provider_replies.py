"""The test table of the catalogue: what each provider says in each situation, as it documents it.

A new provider is one row here. Bodies hold ECHO where a provider repeats a piece of the key.
"""

from dataclasses import dataclass, fields

ECHO = "<the key>"
HTML = b"<!doctype html><html><body>Welcome to the company proxy</body></html>"


@dataclass(frozen=True)
class Answer:
    status: int
    body: object


@dataclass(frozen=True)
class Row:
    """Every situation a provider must be tested in; one left out does not construct."""

    good: Answer
    bad: Answer
    restricted: Answer
    no_quota: Answer
    rate_limited: Answer
    down: Answer
    garbage: Answer


SITUATIONS = tuple(field.name for field in fields(Row))


def _openai(status: int, kind: str, code: str | None, message: str = "Refused.") -> Answer:
    error = {"message": message, "type": kind, "param": None, "code": code}
    return Answer(status, {"error": error})


def _anthropic(status: int, kind: str) -> Answer:
    return Answer(status, {"type": "error", "error": {"type": kind, "message": f"{kind} {ECHO}"}})


def _google(status: int, word: str, reason: str | None) -> Answer:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}
    details = [info] if reason else []
    error = {"code": status, "message": f"{word} {ECHO}", "status": word, "details": details}
    return Answer(status, {"error": error})


def _openrouter(status: int, message: str) -> Answer:
    return Answer(status, {"error": {"code": status, "message": message}})


def _deepgram(status: int, code: str) -> Answer:
    return Answer(status, {"err_code": code, "err_msg": f"Refused {ECHO}.", "request_id": "0-0"})


REPLIES: dict[str, Row] = {
    "openai": Row(
        good=Answer(200, {"object": "list", "data": [{"id": "gpt-4o"}, {"id": "gpt-4o-mini"}]}),
        bad=_openai(401, "invalid_request_error", "invalid_api_key", f"Incorrect API key: {ECHO}."),
        restricted=_openai(403, "invalid_request_error", None, "Missing scopes: api.model.read"),
        no_quota=_openai(429, "insufficient_quota", "insufficient_quota"),
        rate_limited=_openai(429, "requests", "rate_limit_exceeded"),
        down=_openai(503, "server_error", None, "The engine is overloaded."),
        garbage=Answer(200, HTML),
    ),
    "anthropic": Row(
        good=Answer(200, {"data": [{"type": "model", "id": "claude-sonnet-4"}], "has_more": False}),
        bad=_anthropic(401, "authentication_error"),
        restricted=_anthropic(403, "permission_error"),
        no_quota=_anthropic(402, "billing_error"),
        rate_limited=_anthropic(429, "rate_limit_error"),
        down=_anthropic(529, "overloaded_error"),
        garbage=Answer(200, {"models": []}),
    ),
    "gemini": Row(
        good=Answer(200, {"models": [{"name": "models/gemini-2.5-flash", "version": "001"}]}),
        bad=_google(400, "INVALID_ARGUMENT", "API_KEY_INVALID"),
        restricted=_google(403, "PERMISSION_DENIED", "API_KEY_SERVICE_BLOCKED"),
        no_quota=_google(402, "FAILED_PRECONDITION", None),
        rate_limited=_google(429, "RESOURCE_EXHAUSTED", None),
        down=_google(503, "UNAVAILABLE", None),
        garbage=Answer(200, [{"name": "models/gemini-2.5-flash"}]),
    ),
    "deepseek": Row(
        good=Answer(
            200,
            {
                "is_available": True,
                "balance_infos": [{"currency": "CNY", "total_balance": "110.00"}],
            },
        ),
        bad=_openai(401, "authentication_error", "invalid_request_error", f"Your key: {ECHO}"),
        restricted=_openai(403, "permission_error", None),
        no_quota=Answer(
            200,
            {"is_available": False, "balance_infos": [{"currency": "USD", "total_balance": "0"}]},
        ),
        rate_limited=_openai(429, "rate_limit_error", None),
        down=_openai(500, "server_error", None),
        garbage=Answer(200, {"is_available": "yes"}),
    ),
    "openrouter": Row(
        good=Answer(200, {"data": {"label": ECHO, "limit": 20, "limit_remaining": 12.5}}),
        bad=_openrouter(401, "No auth credentials found"),
        restricted=_openrouter(403, "Moderation"),
        no_quota=Answer(200, {"data": {"label": ECHO, "limit": 20, "limit_remaining": 0}}),
        rate_limited=_openrouter(429, "Rate limited"),
        down=_openrouter(502, "Bad gateway"),
        garbage=Answer(200, {"data": []}),
    ),
    "deepgram": Row(
        good=Answer(200, {"api_key_id": "f0e1", "scopes": ["usage:write"]}),
        bad=_deepgram(401, "INVALID_AUTH"),
        restricted=_deepgram(403, "INSUFFICIENT_PERMISSIONS"),
        no_quota=_deepgram(402, "ASR_PAYMENT_REQUIRED"),
        rate_limited=_deepgram(429, "TOO_MANY_REQUESTS"),
        down=_deepgram(500, "INTERNAL_SERVER_ERROR"),
        garbage=Answer(200, b"\x00\xff\xfe not json"),
    ),
}
