"""What the screen and the API see of a check, and how its details are kept as health."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keyportal.domain.checks import CheckResult, Outcome
from keyportal.domain.usage import HealthSource
from keyportal.persistence.tables import CredentialRow

# More models than this are counted and not kept.
_KEPT_MODELS = 200


@dataclass(frozen=True)
class CheckView:
    """One finished check. `credential_id` is empty for a key that is not saved.

    `models_count` is a lower bound where `has_more_models`. `model` and `model_outcome` are None
    unless model access was asked.
    """

    credential_id: str
    outcome: str
    message: str
    code: str | None
    http_status: int | None
    latency_ms: int
    models: tuple[str, ...]
    models_count: int
    has_more_models: bool
    balance: str | None
    model: str | None
    model_outcome: str | None
    checked_at: datetime


def check_view(credential_id: str, result: CheckResult, now: datetime) -> CheckView:
    return CheckView(
        credential_id=credential_id,
        outcome=result.outcome,
        message=result.message,
        code=result.code,
        http_status=result.http_status,
        latency_ms=result.latency_ms,
        models=result.models,
        models_count=len(result.models),
        has_more_models=result.has_more_models,
        balance=result.balance,
        model=result.model,
        model_outcome=result.model_outcome,
        checked_at=now,
    )


def details_of(result: CheckResult) -> dict[str, Any]:
    """Return what is kept besides the columns that lists are searched by."""
    return {
        "code": result.code,
        "http_status": result.http_status,
        "models": list(result.models[:_KEPT_MODELS]),
        "models_count": len(result.models),
        "has_more_models": result.has_more_models,
        "balance": result.balance,
        "model": result.model,
        "model_outcome": result.model_outcome,
    }


def last_check_view(row: CredentialRow) -> CheckView | None:
    """Return what the last check found, or None before the first."""
    details: Mapping[str, Any] = row.health_details
    found = _found_by_test(row)
    if found is None:
        return None
    outcome, message, checked_at, latency_ms = found
    return CheckView(
        credential_id=row.id,
        outcome=Outcome(outcome),
        message=message,
        code=details.get("code"),
        http_status=details.get("http_status"),
        latency_ms=latency_ms or 0,
        models=tuple(details.get("models", ())),
        models_count=details.get("models_count", 0),
        has_more_models=details.get("has_more_models", False),
        balance=details.get("balance"),
        model=details.get("model"),
        model_outcome=details.get("model_outcome"),
        checked_at=checked_at,
    )


def _found_by_test(row: CredentialRow) -> tuple[str, str, datetime, int | None] | None:
    """Return what the last test found, which reports of programs may stand in front of since."""
    if row.health_source == HealthSource.REPORT:
        kept = row.health_details.get("test")
        if kept is None:
            return None
        at = datetime.fromisoformat(kept["checked_at"])
        return kept["outcome"], kept["message"], at, kept["latency_ms"]
    if row.health_outcome is None or row.health_checked_at is None:
        return None
    return row.health_outcome, row.health_message, row.health_checked_at, row.health_latency_ms
