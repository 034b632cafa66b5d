"""What providers say when a key asks a model for one token, or counts: the second level of a test."""

from tests.fakes.fake_provider import Answer
from tests.fakes.provider_replies.shapes import (
    HTML,
    ModelRow,
    anthropic,
    chat,
    google,
    openai,
    openai_like_model,
    told,
)


def _google(good: Answer) -> ModelRow:
    return ModelRow(
        good=good,
        no_access=google(404, "NOT_FOUND"),
        no_quota=google(429, "RESOURCE_EXHAUSTED"),
        rate_limited=google(429, "RESOURCE_EXHAUSTED"),
        down=google(503, "UNAVAILABLE"),
        garbage=Answer(200, {"totalTokens": "one"}),
    )


_INSUFFICIENT = openai(429, "insufficient_quota", "insufficient_quota")

MODEL_REPLIES: dict[str, ModelRow] = {
    "openai": openai_like_model(no_quota=_INSUFFICIENT),
    "anthropic": ModelRow(
        good=Answer(200, {"input_tokens": 8}),
        no_access=anthropic(404, "not_found_error"),
        no_quota=anthropic(400, "invalid_request_error"),
        rate_limited=anthropic(429, "rate_limit_error"),
        down=anthropic(529, "overloaded_error"),
        garbage=Answer(200, {"tokens": 8}),
    ),
    "gemini": _google(Answer(200, {"totalTokens": 1})),
    "vertex_ai": _google(Answer(200, {"totalTokens": 1, "totalBillableCharacters": 2})),
    "deepseek": openai_like_model(no_access=openai(400, "invalid_request_error", "invalid_request_error")),
    "xai": openai_like_model(
        no_access=Answer(404, {"code": "Some requested entity was not found", "error": "No such model."}),
        no_quota=Answer(403, {"code": "The caller does not have permission", "error": "No credits."}),
    ),
    "dashscope": openai_like_model(no_quota=openai(400, "Arrearage", "Arrearage")),
    "nona": openai_like_model(),
    "vllm": openai_like_model(no_access=openai(404, "NotFoundError", None)),
    "ollama": openai_like_model(no_access=openai(404, "not_found_error", None)),
    "litellm": openai_like_model(no_quota=openai(400, "budget_exceeded", "400")),
    "openrouter": openai_like_model(no_access=openai(403, "moderation", None)),
    "edenai": openai_like_model(no_access=told(403)),
    "mistral": openai_like_model(
        no_access=Answer(400, {"object": "error", "type": "invalid_model", "code": "1500"}),
    ),
    "groq": openai_like_model(no_quota=told(429)),
    "cohere": ModelRow(
        good=Answer(200, {"id": "0", "message": {"role": "assistant", "content": []}}),
        no_access=Answer(404, {"id": "0", "message": "model not found"}),
        no_quota=Answer(402, {"message": "Reached the billing limit."}),
        rate_limited=Answer(429, {"message": "Trial keys are limited."}),
        down=Answer(500, {"message": "Internal error."}),
        garbage=Answer(200, {"message": "Hi"}),
    ),
    "together": openai_like_model(no_access=openai(404, "invalid_request_error", "model_not_available")),
    "fireworks": openai_like_model(
        no_access=openai(404, "error", "NOT_FOUND"), no_quota=openai(412, "error", "PRECONDITION_FAILED")
    ),
    "perplexity": openai_like_model(
        no_access=Answer(400, {"error": {"type": "invalid_model", "code": 400}}), no_quota=Answer(401, HTML)
    ),
    "azure_openai": openai_like_model(
        no_access=openai(404, "", "DeploymentNotFound"), no_quota=openai(429, "", "429")
    ),
    "aws_bedrock": ModelRow(
        good=Answer(200, {"output": {"message": {"role": "assistant", "content": []}}, "usage": {}}),
        no_access=Answer(403, {"message": "You don't have access to the model."}),
        no_quota=Answer(429, {"message": "Too many tokens per day."}),
        rate_limited=Answer(429, {"message": "Too many requests."}),
        down=Answer(503, {"message": "Unavailable."}),
        garbage=Answer(200, {"output": {}}),
    ),
    "huggingface": openai_like_model(no_access=told(403)),
    "cerebras": openai_like_model(),
    "voyage": ModelRow(
        good=Answer(200, {"object": "list", "data": [{"embedding": [0.1]}]}),
        no_access=told(400, "Model is not supported."),
        no_quota=told(429),
        rate_limited=told(429),
        down=told(502),
        garbage=Answer(200, {"data": []}),
    ),
    "nvidia": openai_like_model(no_access=told(404)),
    "moonshot": openai_like_model(
        no_access=openai(404, "resource_not_found_error", None),
        no_quota=openai(429, "exceeded_current_quota_error", None),
    ),
    "siliconflow": openai_like_model(
        no_access=Answer(400, {"code": 20012, "message": "Model does not exist."}),
        no_quota=Answer(403, {"code": 30001, "message": "Insufficient balance."}),
    ),
    "zhipu": openai_like_model(
        good=chat(), no_access=openai(400, "error", "1211"), no_quota=openai(429, "error", "1113")
    ),
}
