"""What is counted: where a key that was handed out came from, and what programs say came of it."""

from datetime import timedelta
from enum import StrEnum

# A report is taken for so long; what was reported is kept longer, so that nothing counts twice.
REPORTED_WITHIN = timedelta(days=7)


class ReportedOutcome(StrEnum):
    """What a program says happened when it used the key it was given."""

    OK = "ok"
    AUTH_FAILED = "auth_failed"
    RATE_LIMITED = "rate_limited"
    QUOTA_EXHAUSTED = "quota_exhausted"
    ERROR = "error"


# The failures a key itself is to blame for: another try with it would not help, the next key may.
FAILURES = (ReportedOutcome.AUTH_FAILED, ReportedOutcome.QUOTA_EXHAUSTED)


class HealthSource(StrEnum):
    """Who says how a key is: a test of ours, or a program that used it."""

    TEST = "test"
    REPORT = "report"
