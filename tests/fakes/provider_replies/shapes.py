"""The situations every provider is tested in, and the bodies several providers share."""

from dataclasses import dataclass, fields

from tests.fakes.fake_provider import Answer

ECHO = "<the key>"
HTML = b"<!doctype html><html><body>Welcome to the company proxy</body></html>"


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


@dataclass(frozen=True)
class ModelRow:
    """Every situation a model check must be tested in. The key itself is good in all of them."""

    good: Answer
    no_access: Answer
    no_quota: Answer
    rate_limited: Answer
    down: Answer
    garbage: Answer


SITUATIONS = tuple(field.name for field in fields(Row))
MODEL_SITUATIONS = tuple(field.name for field in fields(ModelRow))


def listing(*names: str) -> Answer:
    """What `GET /models` answers in the OpenAI way."""
    return Answer(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in names]})


def chat(text: str = "Hi") -> Answer:
    """What a chat answers in the OpenAI way."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "length"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return Answer(200, {"object": "chat.completion", "choices": [choice], "usage": usage})


def openai(status: int, kind: str, code: str | None, message: str = "Refused.") -> Answer:
    error = {"message": message, "type": kind, "param": None, "code": code}
    return Answer(status, {"error": error})


def anthropic(status: int, kind: str) -> Answer:
    return Answer(status, {"type": "error", "error": {"type": kind, "message": f"{kind} {ECHO}"}})


def google(status: int, word: str, reason: str | None = None) -> Answer:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}
    details = [info] if reason else []
    error = {"code": status, "message": f"{word} {ECHO}", "status": word, "details": details}
    return Answer(status, {"error": error})


def told(status: int, message: str = f"Refused {ECHO}.") -> Answer:
    """A refusal in words alone: only its status counts."""
    return Answer(status, {"detail": message})


def openai_like(
    *,
    bad: Answer | None = None,
    restricted: Answer | None = None,
    no_quota: Answer | None = None,
    model: str = "model-1",
) -> Row:
    """A provider that answers as OpenAI does. What it does not document is answered by the list."""
    good = listing(model)
    return Row(
        good=good,
        bad=bad or openai(401, "invalid_request_error", "invalid_api_key", f"Incorrect API key: {ECHO}."),
        restricted=restricted or good,
        no_quota=no_quota or good,
        rate_limited=openai(429, "requests", "rate_limit_exceeded"),
        down=openai(503, "server_error", None, "Overloaded."),
        garbage=Answer(200, HTML),
    )


def openai_like_model(
    *,
    good: Answer | None = None,
    no_access: Answer | None = None,
    no_quota: Answer | None = None,
    rate_limited: Answer | None = None,
) -> ModelRow:
    """A chat route that answers as OpenAI's does, where nothing else is documented."""
    return ModelRow(
        good=good or chat(),
        no_access=no_access or openai(404, "invalid_request_error", "model_not_found"),
        no_quota=no_quota or openai(402, "billing_error", None),
        rate_limited=rate_limited or openai(429, "requests", "rate_limit_exceeded"),
        down=openai(503, "server_error", None, "Overloaded."),
        garbage=Answer(200, HTML),
    )
