"""What the browser holds of a finished check, and how many of them are told in one sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keyportal.domain.checks import VERDICTS, Outcome
from keyportal.services.check_views import CheckView
from keyportal.ui.shared.credentials.rows import CredentialRowView, health_latency, iso
from keyportal.ui.theme import COUNTED


@dataclass(frozen=True)
class CheckShown:
    """One finished check in words. `outcome` is empty where there is none to show."""

    outcome: str = ""
    message: str = ""
    checked_at: str = ""
    latency: str = ""
    http_status: str = ""
    code: str = ""
    balance: str = ""
    model: str = ""
    model_outcome: str = ""
    models_count: str = ""


def check_shown(view: CheckView) -> CheckShown:
    return CheckShown(
        outcome=view.outcome,
        message=view.message,
        checked_at=iso(view.checked_at),
        latency=f"{view.latency_ms} ms" if view.http_status is not None else "",
        http_status="" if view.http_status is None else str(view.http_status),
        code=view.code or "",
        balance=view.balance or "",
        model=view.model or "",
        model_outcome=view.model_outcome or "",
        models_count=_models_count(view),
    )


def told_of(found: CheckView) -> str:
    """Return the sentence for a finished check, with the time if the provider answered."""
    return found.message if found.http_status is None else f"{found.message} ({found.latency_ms} ms)"


def row_after(row: CredentialRowView, found: CheckView) -> CredentialRowView:
    """Return the row with what was just found, until the list is read again."""
    if found.outcome == Outcome.RATE_LIMITED and row.health in VERDICTS:
        # It says nothing of the key: a former verdict stays, with its own time.
        return row
    is_verdict = found.outcome in VERDICTS
    return replace(
        row,
        reported_by="",
        back_until="" if is_verdict else row.back_until,
        instead="" if is_verdict else row.instead,
        health=found.outcome,
        health_message=found.message,
        checked_at=iso(found.checked_at),
        latency=health_latency(found.outcome, found.latency_ms),
    )


def summary_of(tally: Mapping[str, int]) -> str:
    """Return such as "20 valid, 3 refused, 2 could not be checked."; every outcome is counted."""
    told = [f"{tally[outcome]} {words}" for outcome, words in COUNTED.items() if tally.get(outcome)]
    return f"{', '.join(told)}." if told else ""


def _models_count(view: CheckView) -> str:
    if not view.models_count:
        return ""
    count = f"{view.models_count:,} model{'' if view.models_count == 1 else 's'}"
    return f"at least {count}" if view.has_more_models else count
