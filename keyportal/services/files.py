"""Files that leave the portal: written while they are read, a batch at a time, few at once for anybody."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from weakref import WeakSet

from keyportal.domain.errors import TooManyAttempts
from keyportal.domain.principals import Principal
from keyportal.services.portal import Portal

AT_ONCE = 2
# Somebody whose line broke must not wait until the network notices.
_COUNTED_FOR = timedelta(minutes=5)
_RETRY_AFTER_S = 30


@dataclass(frozen=True)
class File:
    name: str
    media_type: str
    parts: Iterator[str]


class _Parts(Iterator[str]):
    """The parts of a file, and for whom they are written."""

    def __init__(self, parts: Iterator[str], portal: Portal, person: str) -> None:
        self._parts, self.portal, self.person = parts, portal, person
        self.begun_at: datetime | None = portal.clock.now()

    def __next__(self) -> str:
        try:
            return next(self._parts)
        except BaseException:
            self.begun_at = None
            raise

    def counts_for(self, portal: Portal, person: str) -> bool:
        if self.begun_at is None or self.portal is not portal or self.person != person:
            return False
        return abs(portal.clock.now() - self.begun_at) < _COUNTED_FOR


# A file nobody reads any more is gone from here by itself.
_being_written: WeakSet[_Parts] = WeakSet()
_lock = Lock()


def written_for(portal: Portal, principal: Principal, parts: Iterator[str]) -> Iterator[str]:
    """Return the parts, counted until the last one. Raises TooManyAttempts above AT_ONCE for one person."""
    person = principal.user_id or principal.label
    with _lock:
        if sum(other.counts_for(portal, person) for other in list(_being_written)) >= AT_ONCE:
            raise TooManyAttempts(
                f"{AT_ONCE} files are being written for you already. Wait for one of them, then try again.",
                retry_after=_RETRY_AFTER_S,
            )
        counted = _Parts(parts, portal, person)
        _being_written.add(counted)
    return counted


def csv_lines(rows: Sequence[Sequence[str]]) -> str:
    """Return lines of a spreadsheet's table (RFC 4180). Cells are neutral already, see `domain.cells`."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()
