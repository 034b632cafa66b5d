"""How long one call goes on, with a clock of the test's own."""

from datetime import UTC, datetime

import httpx
import pytest

from keyportal.client.attempts import Attempts, Failure, failure_of, retry_after_in
from keyportal.client.errors import Unavailable

GONE = Failure(Unavailable("gone"))
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def at_most(low: float, high: float) -> float:
    return high


def test_pauses_double_up_to_a_bound_and_end_with_the_budget() -> None:
    clock = Clock()
    attempts, pauses = Attempts(60, clock, at_most), []
    with pytest.raises(Unavailable):
        while True:
            attempts.begin()
            pauses.append(attempts.pause_after(GONE))
            clock.seconds += pauses[-1]
    assert pauses == [0.25, 0.5, 1, 2, 4, 8, 8, 8, 8, 8, 8]
    assert clock.seconds - 1000 < 60


def test_a_pause_is_anything_from_nothing_to_its_bound() -> None:
    asked: list[tuple[float, float]] = []
    attempts = Attempts(60, Clock(), lambda low, high: asked.append((low, high)) or 0.0)
    for _ in range(3):
        attempts.begin()
        attempts.pause_after(GONE)
    assert asked == [(0.0, 0.25), (0.0, 0.5), (0.0, 1.0)]


def test_the_time_of_a_try_is_cut_to_what_is_left() -> None:
    clock = Clock()
    attempts = Attempts(60, clock)
    assert (attempts.begin().connect, attempts.begin().read) == (5, 15)
    clock.seconds += 58
    assert (attempts.begin().connect, attempts.begin().read) == (2, 2)


def test_a_wait_the_portal_asks_for_comes_on_top() -> None:
    attempts = Attempts(60, Clock(), at_most)
    attempts.begin()
    assert attempts.pause_after(Failure(GONE.error, 10)) == 10.25


def test_a_wait_beyond_the_budget_is_not_begun() -> None:
    attempts = Attempts(60, Clock(), at_most)
    attempts.begin()
    with pytest.raises(Unavailable):
        attempts.pause_after(Failure(GONE.error, 60))


def test_after_a_final_failure_there_is_no_other_try() -> None:
    attempts = Attempts(60, Clock(), at_most)
    attempts.begin()
    with pytest.raises(Unavailable):
        attempts.pause_after(Failure(GONE.error, is_final=True))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3),
        ("0", 0),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0),
        ("soon", 0),
        ("-5", 0),
        ("9" * 400, 999_999_999),
        ("Sat, 21 Nov 99999999999999999999 12:00:00 GMT", 0),
        ("٣", 0),
        ("", 0),
    ],
    ids=[
        *("number", "zero", "date", "past date", "word", "negative", "huge", "no year"),
        *("other digits", "absent"),
    ],
)
def test_retry_after_is_read_as_a_number_or_a_date(header: str, seconds: float) -> None:
    headers = httpx.Headers([(b"retry-after", header.encode())])
    assert retry_after_in(headers, lambda: NOON) == seconds


def test_a_certificate_that_is_not_trusted_is_final() -> None:
    import ssl

    error = httpx.ConnectError("refused")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed")
    found = failure_of(error)
    assert found.is_final and "SSL_CERT_FILE" in str(found.error)
