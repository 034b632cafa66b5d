"""What is wrong with a key, and why it is passed over or used all the same: in words. Decides nothing."""

from datetime import datetime

from keyportal.domain.checks import Outcome
from keyportal.domain.policies import Policies
from keyportal.domain.sentences import Sentence
from keyportal.domain.usage import HealthSource
from keyportal.persistence.tables import CredentialRow
from keyportal.services.chains import FAILED

_FAULTS = {
    str(Outcome.INVALID): "refused",
    str(Outcome.QUOTA_EXHAUSTED): "without quota",
    str(Outcome.RATE_LIMITED): "rate limited",
    str(Outcome.REGION_OR_ENDPOINT_MISMATCH): "saved for another region or address",
}
# What the form of a key calls its owner's consent.
_CONSENT = "Use another key while this one fails"


def fault_of(row: CredentialRow) -> str:
    """Say what is wrong with a key and who says so, behind "it was"; nothing where nothing is."""
    fault = _FAULTS.get(row.health_outcome or "")
    if fault is None:
        return ""
    if row.health_outcome == Outcome.REGION_OR_ENDPOINT_MISMATCH:
        # What a key was saved for is still so, not only when it was tested.
        return fault
    if row.health_source == HealthSource.REPORT:
        return f"reported as {fault}"
    return f"{fault} when it was last tested"


def failure_of(row: CredentialRow) -> str:
    """Say what is wrong with a key that fails, behind "it was"."""
    # A test since may have learnt nothing of the key, and stand where the report did.
    return fault_of(row) or "reported as failing"


def why_back(row: CredentialRow, now: datetime) -> Sentence:
    """Say why a key steps back, and until when if that is known, behind "it was"."""
    until = row.failing_until
    if until is None or until <= now:
        return Sentence(failure_of(row))
    return Sentence(failure_of(row), " and steps back until ", until)


def why_kept(row: CredentialRow, policies: Policies) -> str:
    """Say why a key with a fault is used and does not step back, as a sentence without its full stop."""
    if row.health_outcome not in FAILED:
        return "another key is used only where the key itself is refused or its quota is used up"
    if not policies.failover:
        return f'"{_CONSENT}" is off in the policies'
    if not row.failover:
        return f'"{_CONSENT}" is off for it'
    return "a report makes it step back only for a while"
