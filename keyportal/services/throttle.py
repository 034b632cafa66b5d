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
        _count(portal, _address_key(address), PER_ADDRESS)


def forgive(portal: Portal, *, account: str, address: str) -> None:
    """After a right answer the account starts over, and the address gets its one try back.

    Not more than that: an attacker with one account of their own must not free the address.
    """
    with portal.database.transaction() as session:
        records.forget_attempts(session, f"account:{account}")
        records.return_attempt(session, _address_key(address))


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


def _address_key(address: str) -> str:
    return f"address:{address[:64]}"
