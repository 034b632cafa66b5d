"""What came of using a key, read from whatever a provider's SDK raised. Statuses and codes, never wording."""

from collections.abc import Iterator, Mapping
from enum import StrEnum


class Outcome(StrEnum):
    """What a program reports."""

    OK = "ok"
    AUTH_FAILED = "auth_failed"
    RATE_LIMITED = "rate_limited"
    QUOTA_EXHAUSTED = "quota_exhausted"
    ERROR = "error"


# Machine codes for used-up credit that come with other statuses than 402, mostly with 429.
_NO_QUOTA = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error", "Arrearage"}
)
_BY_STATUS = {
    401: Outcome.AUTH_FAILED,
    403: Outcome.AUTH_FAILED,
    402: Outcome.QUOTA_EXHAUSTED,
    429: Outcome.RATE_LIMITED,
}


def outcome_of(error: BaseException) -> tuple[Outcome, int | None]:
    """Return what an exception of a provider's SDK means, and the HTTP status in it if there is one."""
    status = _status_of(error)
    if any(code in _NO_QUOTA for code in _codes_of(error)):
        return Outcome.QUOTA_EXHAUSTED, status
    return _BY_STATUS.get(status or 0, Outcome.ERROR), status


def _status_of(error: BaseException) -> int | None:
    """Look where SDKs keep it: openai, anthropic, httpx, requests, aiohttp, google, urllib."""
    response = getattr(error, "response", None)
    for found in (
        getattr(error, "status_code", None),
        getattr(response, "status_code", None),
        getattr(error, "status", None),
        getattr(error, "code", None),
    ):
        if isinstance(found, int) and 100 <= found <= 599:
            return int(found)
    return None


def _codes_of(error: BaseException) -> Iterator[str]:
    body = getattr(error, "body", None)
    inner = body.get("error") if isinstance(body, Mapping) else None
    for place in (body, inner):
        if isinstance(place, Mapping):
            yield from (v for v in (place.get("code"), place.get("type")) if isinstance(v, str))
    yield from (v for n in ("code", "type") if isinstance(v := getattr(error, n, None), str))
