"""What a check of a credential can find.

Values only: never a reply body, never a piece of the secret.
"""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The nine answers of the Test button."""

    VALID = "valid"
    VALID_LIMITED = "valid_limited"
    QUOTA_EXHAUSTED = "quota_exhausted"
    RATE_LIMITED = "rate_limited"
    INVALID = "invalid"
    REGION_OR_ENDPOINT_MISMATCH = "region_or_endpoint_mismatch"
    PROVIDER_ERROR = "provider_error"
    UNREACHABLE = "unreachable"
    UNCHECKED = "unchecked"


@dataclass(frozen=True)
class CheckResult:
    """One finished check: a typed outcome and a sentence a person can act on.

    `code` is the provider's machine code and `models` the ids the key can see, both cleaned of
    anything that could echo the secret. `http_status` is None when no reply came.
    """

    outcome: Outcome
    message: str
    code: str | None = None
    http_status: int | None = None
    latency_ms: int = 0
    models: tuple[str, ...] = ()
    balance: str | None = None
