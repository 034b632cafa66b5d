"""How long one call goes on: its budget, how long each try may take, when and whether there is another."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from secrets import SystemRandom

import httpx

from keyportal.client.errors import ClientError, Unavailable

BUDGET_S = 60.0
# A report must not hold up the work it is about.
REPORT_BUDGET_S = 5.0
_CONNECT_S, _ANSWER_S = 5.0, 15.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 8.0
_LEAST_LEFT_S = 0.05

_uniform = SystemRandom().uniform


@dataclass(frozen=True)
class Failure:
    """A try that did not work, and how long the portal asked to wait. No other follows a final one."""

    error: ClientError
    retry_after_s: float = 0.0
    is_final: bool = False


@dataclass
class Attempts:
    """The tries of one call. Everything is measured with the monotonic clock."""

    budget_s: float
    monotonic: Callable[[], float] = time.monotonic
    uniform: Callable[[float, float], float] = _uniform
    made: int = 0
    _ends_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._ends_at = self.monotonic() + self.budget_s

    @property
    def left_s(self) -> float:
        return max(self._ends_at - self.monotonic(), 0.0)

    def begin(self) -> httpx.Timeout:
        """Count a try and return how long each step of it may take: never longer than what is left."""
        self.made += 1
        left = max(self.left_s, _LEAST_LEFT_S)
        return httpx.Timeout(min(_ANSWER_S, left), connect=min(_CONNECT_S, left))

    def pause_after(self, failure: Failure) -> float:
        """Return how long to wait before the next try.

        Full jitter: anything up to a bound that doubles, so that programs which failed together do not
        come back together. A wait the portal asked for comes on top of it.
        Raises the failure's error where another try would not fit into the budget.
        """
        bound = min(_FIRST_PAUSE_S * 2 ** (self.made - 1), _LONGEST_PAUSE_S)
        pause = failure.retry_after_s + self.uniform(0.0, bound)
        if failure.is_final or pause + _LEAST_LEFT_S >= self.left_s:
            raise failure.error
        return pause


def failure_of(error: httpx.TransportError | TimeoutError) -> Failure:
    """Say in our own words what went wrong below HTTP."""
    if _is_distrust(error):
        message = "The portal's certificate is not trusted here. Name its authority with SSL_CERT_FILE."
        return Failure(Unavailable(message), is_final=True)
    kind = (
        "did not answer in time"
        if isinstance(error, httpx.TimeoutException | TimeoutError)
        else "cannot be reached"
    )
    return Failure(Unavailable(f"The portal {kind}. Check its address, and whether it runs."))


def retry_after_in(headers: httpx.Headers, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float:
    """Return the seconds of a Retry-After header (RFC 9110, 10.2.3), given as a number or as a date."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max((moment - now()).total_seconds(), 0.0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0


def _is_distrust(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
