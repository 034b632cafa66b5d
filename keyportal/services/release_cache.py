"""What a process keeps of decisions between resolves, and how it knows that they still hold.

Each carries the number of the last change it was made behind. It holds as long as nothing it was made
from has a later one; whoever writes a batch finds out, in the same transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from keyportal.domain.principals import Principal
from keyportal.persistence.changes import EVERYBODY
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.services.releases import Release

# More are not kept: the oldest goes. One agent key that asks for ever new models pushes out its own.
MOST, MOST_OF_ONE = 10_000, 250
_MARKED_EVERY = timedelta(minutes=1)


class Wanted(NamedTuple):
    """What a caller asks for, as sent."""

    provider: str
    user: str | None = None
    model: str | None = None


# The digest of the agent key that asks, and what for.
Asked = tuple[bytes, Wanted]
_NOTHING: Mapping[Wanted, "Known"] = MappingProxyType({})


@dataclass(slots=True, eq=False)
class Known:
    """A decision: an agent key that was let in, the person it acts for, and the key that is theirs."""

    principal: Principal
    owner_id: str
    subject_id: str
    release: Release
    ends_at: datetime
    number: int


class ReleaseCache:
    """Belongs to one event loop; not for several threads."""

    def __init__(self) -> None:
        self.number = 0
        self._changed: dict[str, int] = {}
        self._kept: dict[bytes, dict[Wanted, Known]] = {}
        self._size = 0
        self._marked_at: dict[str, datetime] = {}

    def find(self, asked: Asked, now: datetime) -> Known | None:
        digest, wanted = asked
        known = self._kept.get(digest, _NOTHING).get(wanted)
        if known is None or self.is_current(known, now):
            return known
        self._drop(digest, wanted)
        return None

    def keep(self, asked: Asked, known: Known) -> None:
        digest, wanted = asked
        if wanted in (own := self._kept.get(digest, _NOTHING)):
            self._drop(digest, wanted)
        elif len(own) >= MOST_OF_ONE:
            self._drop(digest, next(iter(own)))
        elif self._size >= MOST:
            oldest = next(iter(self._kept))
            self._drop(oldest, next(iter(self._kept[oldest])))
        self._kept.setdefault(digest, {})[wanted] = known
        self._size += 1

    def _drop(self, digest: bytes, wanted: Wanted) -> None:
        del self._kept[digest][wanted]
        if not self._kept[digest]:
            del self._kept[digest]
        self._size -= 1

    def is_current(self, known: Known, now: datetime) -> bool:
        return now < known.ends_at and self.holds(known)

    def holds(self, known: Known) -> bool:
        """Tell whether nothing that the decision was made from is known to have changed since."""
        if known.number >= self.number:
            return True
        scopes = (known.owner_id, known.subject_id, SYSTEM_OWNER, EVERYBODY)
        if any(self._changed.get(scope, 0) > known.number for scope in scopes):
            return False
        known.number = self.number
        return True

    def is_marked(self, one: str, now: datetime) -> bool:
        """Tell whether the last use of an agent key or a key was written down within the minute.

        Not with every single one: that would move it in an index each time.
        """
        marked_at = self._marked_at.get(one)
        return not one or (marked_at is not None and now - marked_at < _MARKED_EVERY)

    def mark(self, ids: Iterable[str], now: datetime) -> None:
        if len(self._marked_at) > MOST:
            self._marked_at.clear()
        self._marked_at.update(dict.fromkeys(ids, now))

    def note(self, number: int, scopes: Mapping[str, int]) -> None:
        """Take in what changed. Whatever no longer holds is dropped when it is next asked for."""
        if number < self.number:
            # Another database stands in its place: nothing that was read before says anything.
            for known in (known for kept in self._kept.values() for known in kept.values()):
                known.number = -1
            self._changed, self._kept, self._size = {}, {}, 0
        self.number = number
        self._changed.update(scopes)
