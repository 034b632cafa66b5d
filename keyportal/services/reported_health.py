"""What a program's report says of the health of the key it used, and how that is told. Writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from keyportal.domain.checks import VERDICTS, Outcome
from keyportal.domain.policies import Policies
from keyportal.domain.usage import FAILURES, HealthSource, ReportedOutcome
from keyportal.persistence.tables import CredentialRow
from keyportal.services.sealing import has_value

# What is only said again is written so often at most.
_AGAIN_AFTER = timedelta(minutes=1)
_OUTCOMES = {
    ReportedOutcome.OK: Outcome.VALID,
    ReportedOutcome.AUTH_FAILED: Outcome.INVALID,
    ReportedOutcome.QUOTA_EXHAUSTED: Outcome.QUOTA_EXHAUSTED,
    ReportedOutcome.RATE_LIMITED: Outcome.RATE_LIMITED,
    ReportedOutcome.ERROR: Outcome.PROVIDER_ERROR,
}
_MESSAGES = {
    ReportedOutcome.OK: "{by} used this key, and it worked.",
    ReportedOutcome.AUTH_FAILED: (
        "{by} reported that {provider} refused this key{status}. Test it, and replace its value if the test"
        " is refused too."
    ),
    ReportedOutcome.QUOTA_EXHAUSTED: (
        "{by} reported that this key has no quota left{status}. Look at its plan and limits at {provider},"
        " then test it."
    ),
    ReportedOutcome.RATE_LIMITED: (
        "{by} reported too many requests at {provider}{status}. It says nothing against the key."
    ),
    ReportedOutcome.ERROR: (
        "{by} reported an error of {provider}{status}. Test the key to see whether it is at fault."
    ),
}


@dataclass(frozen=True)
class Report:
    """What a program says of one key it was given. `by` is how the owner is told its agent key."""

    outcome: ReportedOutcome
    http_status: int | None
    by: str
    provider_name: str
    resolved_at: datetime
    secret_version: int | None


@dataclass(frozen=True)
class Change:
    """The columns to write; none where the report is out of date or only said again.

    `is_news`: the health really is another, or the key begins or ceases to step back.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    is_news: bool = False


def steps_back_until(row: CredentialRow, policies: Policies, now: datetime) -> datetime | None:
    """Return the end of a key's cool-down, or None where it does not step back for a report."""
    until = row.failing_until
    is_agreed = row.failover and policies.failover
    return until if is_agreed and until is not None and until > now else None


def reported_by(row: CredentialRow) -> str:
    """Return which agent key says how a key is, or nothing where a test does."""
    if row.health_source != HealthSource.REPORT:
        return ""
    return str(row.health_details.get("report", {}).get("by", ""))


def change_by(row: CredentialRow, report: Report, policies: Policies, now: datetime) -> Change:
    """Return what a report changes about the key it is about."""
    outcome = _OUTCOMES[report.outcome]
    if _is_out_of_date(row, report) or _is_known_better(row, outcome):
        return Change()
    is_news = not _is_alike(row.health_outcome, outcome) or _moves(row, report, policies, now)
    if not is_news and row.health_source == HealthSource.REPORT and not _is_due(row, now):
        return Change()
    wanted = {
        "health_outcome": str(outcome),
        "health_message": _message(report),
        "health_source": str(HealthSource.REPORT),
        "health_checked_at": now,
        "health_latency_ms": None,
        "health_details": _details(row, report),
        "failing_until": _failing_until(row, report, policies, now),
    }
    # What stays the same is left out: whatever an update names counts as changed for every cache.
    return Change({n: value for n, value in wanted.items() if getattr(row, n) != value}, is_news)


def _is_out_of_date(row: CredentialRow, report: Report) -> bool:
    """Tell whether the report is about a value the key no longer has, or older than what is known."""
    if not has_value(row) or row.secret_version != report.secret_version:
        return True
    # Before anything is known: an edit may have given the value other fields, and taken its health away.
    return report.resolved_at < (row.health_checked_at or row.updated_at)


def _is_known_better(row: CredentialRow, outcome: Outcome) -> bool:
    if outcome not in VERDICTS:
        return row.health_outcome in VERDICTS
    # A test that found the same fault holds until the next test, a report only for a while.
    is_fault = outcome is not Outcome.VALID
    return is_fault and row.health_source == HealthSource.TEST and row.health_outcome == outcome


def _failing_until(row: CredentialRow, report: Report, policies: Policies, now: datetime) -> datetime | None:
    if report.outcome is ReportedOutcome.OK:
        return None
    if report.outcome in FAILURES and row.failover and policies.failover:
        return now + policies.cool_down
    return row.failing_until


def _is_alike(before: str | None, outcome: Outcome) -> bool:
    """Tell whether two outcomes say the same of a key; those that are no verdict say nothing of it."""
    return before == outcome or (before is not None and before not in VERDICTS and outcome not in VERDICTS)


def _moves(row: CredentialRow, report: Report, policies: Policies, now: datetime) -> bool:
    """Tell whether the key begins or ceases to step back."""
    is_back = steps_back_until(row, policies, now) is not None
    if report.outcome is ReportedOutcome.OK:
        return is_back
    return not is_back and report.outcome in FAILURES and row.failover and policies.failover


def _is_due(row: CredentialRow, now: datetime) -> bool:
    return row.health_checked_at is None or now - row.health_checked_at >= _AGAIN_AFTER


def _message(report: Report) -> str:
    status = f" (HTTP {report.http_status})" if report.http_status is not None else ""
    return _MESSAGES[report.outcome].format(by=report.by, provider=report.provider_name, status=status)


def _details(row: CredentialRow, report: Report) -> dict[str, Any]:
    """Return the details with who reports. What the last test found stays to be looked at."""
    details = dict(row.health_details)
    if row.health_source == HealthSource.TEST and row.health_outcome and row.health_checked_at:
        details["test"] = {
            "outcome": row.health_outcome,
            "message": row.health_message,
            "checked_at": row.health_checked_at.isoformat(),
            "latency_ms": row.health_latency_ms,
        }
    details["report"] = {"by": report.by, "outcome": str(report.outcome)}
    return details
