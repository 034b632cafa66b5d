"""What clouds, aggregators and servers of one's own say in each situation, as they document it."""

from tests.fakes.fake_provider import Answer, Steps
from tests.fakes.provider_replies.shapes import ECHO, HTML, Row, google, listing, openai, told

STS = "/"
VOCABULARIES = "Transcribe.ListVocabularies"
FOUNDATION_MODELS = "/foundation-models"
OPERATIONS = "/v1/operations"
_MODELS = "/v1/projects/my-project-1/locations/us-central1/publishers/google/models"
COUNT = f"{_MODELS}/gemini-2.5-flash-lite:countTokens"
TOKEN = Answer(200, {"access_token": "ya29.token-for-a-while", "expires_in": 300, "token_type": "Bearer"})
GRANT_REFUSED = Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
IDENTITY = Answer(
    200,
    {
        "GetCallerIdentityResponse": {
            "GetCallerIdentityResult": {
                "Account": "123456789012",
                "Arn": "arn:aws:iam::123456789012:user/alice",
                "UserId": "AIDACKCEVSQ6C2EXAMPLE",
            },
            "ResponseMetadata": {"RequestId": "01234567-89ab-cdef-0123-456789abcdef"},
        }
    },
)


def sts(status: int, code: str) -> Answer:
    return Answer(
        status, {"Error": {"Code": code, "Message": f"Refused {ECHO}.", "Type": "Sender"}, "RequestId": "0-0"}
    )


def aws_json(status: int, kind: str) -> Answer:
    return Answer(status, {"__type": f"com.amazonaws.transcribe#{kind}", "Message": f"Refused {ECHO}."})


def _aws(step: str, good: Answer, restricted: Answer, throttled: Answer) -> Row:
    fine = Steps.of({STS: IDENTITY, step: good})
    return Row(
        good=fine,
        bad=sts(403, "InvalidClientTokenId"),
        restricted=Steps.of({STS: IDENTITY, step: restricted}),
        # There is no credit to run out of: bills come afterwards.
        no_quota=fine,
        rate_limited=Steps.of({STS: IDENTITY, step: throttled}),
        down=Steps.of({STS: IDENTITY, step: Answer(503, b"")}),
        garbage=Steps.of({STS: IDENTITY, step: Answer(200, HTML)}),
    )


def _closed(path: str, good: Answer, stranger: Answer) -> Answer:
    return Steps.of({path: good, f"made-up {path}": stranger})


def _own_server(path: str, good: Answer) -> Row:
    closed = _closed(path, good, told(401))
    return Row(
        good=closed,
        bad=told(401),
        restricted=told(403),
        no_quota=closed,
        rate_limited=told(429),
        down=told(502),
        garbage=Answer(200, HTML),
    )


def _openrouter(status: int, message: str) -> Answer:
    return Answer(status, {"error": {"code": status, "message": message}})


def _key_info(spend: float, budget: float | None) -> Answer:
    info = {"spend": spend, "max_budget": budget, "blocked": None, "models": []}
    record = {"key": "0f" * 32, "info": info}
    return Steps.of({"/key/info": Answer(200, record), "/models": listing("gpt-4o")})


CLOUDS: dict[str, Row] = {
    "aws_transcribe": _aws(
        VOCABULARIES,
        Answer(200, {"Vocabularies": []}),
        aws_json(400, "AccessDeniedException"),
        aws_json(400, "ThrottlingException"),
    ),
    "aws_bedrock": _aws(
        FOUNDATION_MODELS,
        Answer(200, {"modelSummaries": [{"modelId": "amazon.nova-micro-v1:0"}]}),
        Answer(403, {"message": "User is not authorized to perform: bedrock:ListFoundationModels"}),
        Answer(429, {"message": "Too many requests"}),
    ),
    "google_speech": Row(
        good=_closed(OPERATIONS, Answer(200, {}), google(403, "PERMISSION_DENIED")),
        bad=google(400, "INVALID_ARGUMENT", "API_KEY_INVALID"),
        restricted=google(403, "PERMISSION_DENIED", "SERVICE_DISABLED"),
        no_quota=google(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"),
        rate_limited=google(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"),
        down=google(503, "UNAVAILABLE"),
        garbage=Answer(200, {"models": []}),
    ),
    "vertex_ai": Row(
        good=Steps.of({"/token": TOKEN, COUNT: Answer(200, {"totalTokens": 1})}),
        bad=GRANT_REFUSED,
        restricted=Steps.of(
            {"/token": TOKEN, COUNT: google(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED")}
        ),
        no_quota=Steps.of({"/token": TOKEN, COUNT: google(429, "RESOURCE_EXHAUSTED")}),
        rate_limited=Steps.of({"/token": TOKEN, COUNT: google(429, "RESOURCE_EXHAUSTED")}),
        down=Steps.of({"/token": TOKEN, COUNT: google(503, "UNAVAILABLE")}),
        garbage=Steps.of({"/token": TOKEN, COUNT: Answer(200, HTML)}),
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
    "edenai": Row(
        good=Answer(200, {"credits": 9.5}),
        bad=told(401, "Invalid token"),
        restricted=told(403, "Authentication credentials were not provided."),
        no_quota=Answer(200, {"credits": 0.0}),
        rate_limited=told(429),
        down=told(503),
        garbage=Answer(200, {"credits": None}),
    ),
    "litellm": Row(
        good=_key_info(1.5, 10),
        bad=openai(401, "auth_error", "401"),
        restricted=openai(403, "auth_error", "403"),
        no_quota=_key_info(10.01, 10),
        rate_limited=openai(429, "throttling_error", "429"),
        down=openai(503, "no_db_connection", "503"),
        garbage=Answer(200, {"info": {}}),
    ),
    "nona": _own_server("/models", listing("model-1")),
    "vllm": _own_server("/models", listing("model-1")),
    "ollama": _own_server("/api/tags", Answer(200, {"models": [{"name": "llama3.2:1b", "size": 1}]})),
}
