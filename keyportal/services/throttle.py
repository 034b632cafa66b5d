"""Limits on guessing, per account and per address, kept in the database so that all processes count."""

from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from keyportal.domain.errors import TooManyAttempts, TooManyTests
from keyportal.persistence import records
from keyportal.persistence.engine import take_lock
from keyportal.persistence.tables import AttemptRow
from keyportal.services.portal import Portal

WINDOW = timedelta(minutes=15)
TEST_WINDOW = timedelta(minutes=1)
PER_ACCOUNT = 10
PER_ADDRESS = 100
_ATTEMPT_LOCK = 742004


def count_attempt(portal: Portal, *, account: str, address: str) -> bool:
    """Count a guess before it is looked at; return whether it was the account's last for now.

    Raises TooManyAttempts with the seconds to wait. The address comes first: one that is blocked
    can keep nobody out and writes nothing.
    """
    if address:
        _count(portal, _address_key(address), PER_ADDRESS, WINDOW)
    return bool(account) and _count(portal, f"account:{account}", PER_ACCOUNT, WINDOW) >= PER_ACCOUNT


def count_link_try(portal: Portal, address: str) -> None:
    """Count a try of a one-time link, apart from sign-ins: junk sent here keeps nobody from signing in."""
    if address:
        _count(portal, _address_key(address, "links"), PER_ADDRESS, WINDOW)


def return_link_try(portal: Portal, address: str) -> None:
    """Give a counted try back: its link was a right one."""
    with portal.database.transaction() as session:
        records.return_attempt(session, _address_key(address, "links"))


def count_tests(portal: Portal, person: str, number: int = 1) -> None:
    """Count a person's tests of keys, several at once or none. Raises TooManyTests."""
    limit = portal.settings.tests_per_minute
    try:
        _count(portal, _tests_key(person), limit, TEST_WINDOW, number)
    except TooManyAttempts as refusal:
        wait = refusal.retry_after
        raise TooManyTests(
            f"You can test {limit} keys a minute. Wait {wait} s, then test again.", retry_after=wait
        ) from None


def return_test(portal: Portal, person: str) -> None:
    """Give a counted test back: it found no place and was not made."""
    with portal.database.transaction() as session:
        records.return_attempt(session, _tests_key(person))


def forgive(portal: Portal, *, account: str, address: str) -> None:
    """After a right answer the account starts over, and the address gets its one try back.

    Not more than that: an attacker with one account of their own must not free the address.
    """
    with portal.database.transaction() as session:
        records.forget_attempts(session, f"account:{account}")
        records.return_attempt(session, _address_key(address))


def _count(portal: Portal, key: str, limit: int, window: timedelta, number: int = 1) -> int:
    now = portal.clock.now()
    with portal.database.transaction() as session:
        take_lock(session, _ATTEMPT_LOCK)
        row = records.find_attempts(session, key)
        if row is None or not now < row.window_ends_at <= now + window:
            # One that ends later than it can is of before the clock was put back: over, too.
            records.forget_attempts(session, key)
            records.forget_old_attempts(session, now)
            row = AttemptRow(key=key, count=0, window_ends_at=now + window)
        over, wait = row.count + number > limit, row.window_ends_at - now
        if not over:
            row.count += number
            session.add(row)
    if over:
        raise TooManyAttempts(retry_after=max(1, round(wait.total_seconds())))
    return row.count


def _tests_key(person: str) -> str:
    return f"tests:{person}"


def _address_key(address: str, kind: str = "address") -> str:
    """Return what counts as one address: of IPv6 the /64, which one household or server has whole."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return f"{kind}:{address[:64]}"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        parsed = ip_network((parsed, 64), strict=False).network_address
    return f"{kind}:{parsed}"
