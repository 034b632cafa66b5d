"""What the browser holds of what programs report about a key: display values only."""

from collections.abc import Sequence
from dataclasses import dataclass

from keyportal.services.credential_details import ReportsView
from keyportal.services.credential_views import CredentialView
from keyportal.ui.shared.credentials.rows import iso


@dataclass(frozen=True)
class LastReport:
    """The report that is a key's health. `by` is the agent key, and empty where a test says how it is."""

    outcome: str = ""
    by: str = ""
    at: str = ""
    words: str = ""


@dataclass(frozen=True)
class ReportRow:
    """How often an outcome was reported in the last days."""

    outcome: str
    count: str


def last_report(view: CredentialView) -> LastReport:
    health = view.health
    if not health.reported_by:
        return LastReport()
    return LastReport(health.outcome or "", health.reported_by, iso(health.checked_at), health.message)


def report_rows(reports: Sequence[ReportsView]) -> list[ReportRow]:
    return [ReportRow(one.outcome, f"{one.count:,}") for one in reports]
