"""What a check of a credential can find.

Values only: never a reply body, never a piece of the secret.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from keyportal.domain.errors import InvalidInput

_MODEL = re.compile(r"[A-Za-z0-9@](?:[A-Za-z0-9_:/@+-]|\.(?!\.)){0,127}", re.ASCII)


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


# What says something of the key itself. Anything else keeps nothing and is kept by nothing.
VERDICTS = frozenset(
    {
        Outcome.VALID,
        Outcome.VALID_LIMITED,
        Outcome.QUOTA_EXHAUSTED,
        Outcome.INVALID,
        Outcome.REGION_OR_ENDPOINT_MISMATCH,
    }
)


@dataclass(frozen=True)
class CheckResult:
    """One finished check: a typed outcome and a sentence a person can act on.

    `code` is the provider's machine code and `models` the ids the key can see, both cleaned of
    anything that could echo the secret; `has_more_models` says that the list was cut. `http_status`
    is None when no reply came. `model` and `model_outcome` are None unless model access was asked.
    """

    outcome: Outcome
    message: str
    code: str | None = None
    http_status: int | None = None
    latency_ms: int = 0
    models: tuple[str, ...] = ()
    has_more_models: bool = False
    balance: str | None = None
    model: str | None = None
    model_outcome: Outcome | None = None


def is_model_name(text: str) -> bool:
    """Tell whether a text may be a model's id; no part of it could leave its place in a path."""
    return _MODEL.fullmatch(text) is not None


def require_model_name(text: str) -> str:
    """Return a model's id without outer white space. Raises InvalidInput."""
    name = text.strip()
    if not is_model_name(name):
        raise InvalidInput("Write the model as the provider names it, such as gpt-4o-mini.", field="model")
    return name
