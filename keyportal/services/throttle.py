"""Limits on guessing, per account and per address, kept in the database so that all processes count."""

from datetime import timedelta

from keyportal.domain.errors import TooManyAttempts
from keyportal.persistence import records
from keyportal.persistence.engine import take_lock
from keyportal.persistence.tables import AttemptRow
from keyportal.services.portal import Portal

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
PER_ADDRESS = 100
_ATTEMPT_LOCK = 742004


def count_attempt(portal: Portal, *, account: str, address: str) -> None:
    """Count a guess before it is looked at. Raises TooManyAttempts with the seconds to wait."""
    _count(portal, f"account:{account}", PER_ACCOUNT)
    if address:
        _count(portal, f"address:{address[:64]}", PER_ADDRESS)


def forget_account(portal: Portal, account: str) -> None:
    """Start over after a right answer. The address keeps its count: one account must not free it."""
    with portal.database.transaction() as session:
        records.forget_attempts(session, f"account:{account}")


def _count(portal: Portal, key: str, limit: int) -> None:
    now = portal.clock.now()
    with portal.database.transaction() as session:
        take_lock(session, _ATTEMPT_LOCK)
        records.forget_old_attempts(session, now)
        row = records.find_attempts(session, key)
        if row is None:
            row = AttemptRow(key=key, count=0, window_ends_at=now + WINDOW)
        row.count += 1
        session.add(row)
        over, wait = row.count > limit, row.window_ends_at - now
    if over:
        raise TooManyAttempts(retry_after=max(1, round(wait.total_seconds())))
