"""What speech providers say in each situation, as they document it."""

from tests.fakes.fake_provider import Answer
from tests.fakes.provider_replies.shapes import ECHO, Row, told


def _deepgram(status: int, code: str) -> Answer:
    return Answer(status, {"err_code": code, "err_msg": f"Refused {ECHO}.", "request_id": "0-0"})


def _elevenlabs(status: int, word: str) -> Answer:
    return Answer(status, {"detail": {"status": word, "message": f"Refused {ECHO}."}})


def _azure(status: int, message: str) -> Answer:
    return Answer(status, {"error": {"code": str(status), "message": message}})


_VOICES = Answer(200, [{"Name": "Microsoft Server Speech", "ShortName": "en-US-AvaNeural"}])
_TRANSCRIPTS = Answer(200, {"page_details": {"limit": 1, "result_count": 0}, "transcripts": []})
_JOBS = Answer(200, {"jobs": []})
_USER = Answer(200, {"user_id": "u", "subscription": {"tier": "free", "character_limit": 10000}})

SPEECH: dict[str, Row] = {
    "deepgram": Row(
        good=Answer(200, {"api_key_id": "f0e1", "scopes": ["usage:write"]}),
        bad=_deepgram(401, "INVALID_AUTH"),
        restricted=_deepgram(403, "INSUFFICIENT_PERMISSIONS"),
        no_quota=_deepgram(402, "ASR_PAYMENT_REQUIRED"),
        rate_limited=_deepgram(429, "TOO_MANY_REQUESTS"),
        down=_deepgram(500, "INTERNAL_SERVER_ERROR"),
        garbage=Answer(200, b"\x00\xff\xfe not json"),
    ),
    "assemblyai": Row(
        good=_TRANSCRIPTS,
        bad=Answer(401, {"error": "Authentication error, API token missing/invalid"}),
        restricted=_TRANSCRIPTS,
        no_quota=_TRANSCRIPTS,
        rate_limited=Answer(429, {"error": "Too many requests"}),
        down=Answer(503, {"error": "Server error"}),
        garbage=Answer(200, {"transcripts": "none"}),
    ),
    "azure_speech": Row(
        good=_VOICES,
        bad=_azure(401, "Access denied due to invalid subscription key or wrong API endpoint."),
        restricted=_azure(403, "Access denied due to Virtual Network/Firewall rules."),
        no_quota=_azure(429, "Out of call volume quota."),
        rate_limited=_azure(429, "Rate limit is exceeded."),
        down=_azure(502, "Bad gateway."),
        garbage=Answer(200, []),
    ),
    "revai": Row(
        good=Answer(200, {"email": "a@example.com", "balance_seconds": 4200}),
        bad=Answer(401, {"title": "Authorization has been denied for this request.", "status": 401}),
        restricted=Answer(403, {"title": "Not allowed.", "status": 403}),
        no_quota=Answer(200, {"email": "a@example.com", "balance_seconds": 0}),
        rate_limited=Answer(429, {"title": "Too many requests.", "status": 429}),
        down=Answer(500, {"title": "Error.", "status": 500}),
        garbage=Answer(200, {"balance_seconds": None}),
    ),
    "gladia": Row(
        good=Answer(200, {"first": "/1", "current": "/1", "next": None, "items": []}),
        bad=Answer(401, {"statusCode": 401, "message": "gladia key not found"}),
        restricted=Answer(403, {"statusCode": 403, "message": "Forbidden"}),
        no_quota=Answer(402, {"statusCode": 402, "message": "Payment required"}),
        rate_limited=Answer(429, {"statusCode": 429, "message": "Too many requests"}),
        down=Answer(500, {"statusCode": 500}),
        garbage=Answer(200, {"items": {}}),
    ),
    "elevenlabs": Row(
        good=_USER,
        bad=_elevenlabs(401, "invalid_api_key"),
        restricted=_elevenlabs(401, "missing_permissions"),
        no_quota=_elevenlabs(401, "quota_exceeded"),
        rate_limited=_elevenlabs(429, "too_many_concurrent_requests"),
        down=Answer(500, b""),
        garbage=Answer(200, {"subscription": "free"}),
    ),
    "speechmatics": Row(
        good=_JOBS,
        bad=Answer(401, {"code": 401, "error": "Permission Denied", "detail": ECHO}),
        restricted=Answer(403, {"code": 403, "error": "Forbidden"}),
        no_quota=_JOBS,
        rate_limited=Answer(429, {"code": 429, "error": "Rate Limited"}),
        down=Answer(503, {"code": 503, "error": "Service Unavailable"}),
        garbage=Answer(200, {"job": {}}),
    ),
    "stability": Row(
        good=Answer(200, {"credits": 12.34}),
        bad=Answer(401, {"id": "0", "name": "unauthorized", "errors": ["missing or invalid key"]}),
        restricted=Answer(403, {"id": "0", "name": "permission_denied", "errors": []}),
        no_quota=Answer(200, {"credits": 0}),
        rate_limited=Answer(429, {"id": "0", "name": "rate_limit_exceeded", "errors": []}),
        down=Answer(500, {"id": "0", "name": "internal_error", "errors": []}),
        garbage=Answer(200, {"credits": "plenty"}),
    ),
    "replicate": Row(
        good=Answer(200, {"type": "user", "username": "alice", "name": "Alice"}),
        bad=Answer(401, {"title": "Unauthenticated", "detail": "You did not pass a token", "status": 401}),
        restricted=told(403),
        no_quota=Answer(200, {"type": "user", "username": "alice"}),
        rate_limited=told(429),
        down=told(500),
        garbage=Answer(200, {"type": "user"}),
    ),
}
