"""Acts that begin at the same moment, a hundred times over."""

import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from keyportal.domain.errors import KeyPortalError
from keyportal.services import audit_verification
from keyportal.services.portal import Portal

# For each race and database; one that is run in several ways shares them.
ROUNDS = 100
# One act begins after the others, each in turn: at once, or by up to so many steps less one.
_STEPS = 8
_LONGEST_S = 30
_LONGEST_STEP_S = 0.02

Act = Callable[[], Any]


class Racers:
    """Threads that stay for a whole race and start every round together at a barrier."""

    def __init__(self, count: int, step_s: float = 0.0004) -> None:
        self._barrier = Barrier(count, timeout=_LONGEST_S)
        self._threads = ThreadPoolExecutor(count)
        self._count, self._round = count, 0
        # The last step should be about as long as the longest of the acts takes.
        self.step_s = step_s
        # What came of the rounds, to be looked at in the end: a race nobody ran proves nothing.
        self.seen: Counter[str] = Counter()

    def close(self) -> None:
        self._threads.shutdown()
        sys.stdout.write(f"\n{sum(self.seen.values())} rounds: {dict(self.seen)}\n")

    def go(self, *acts: Act) -> list[Any]:
        """Return what each act returned, or its refusal. Everything else it raises is raised here."""
        assert len(acts) == self._count
        if self._round % (_STEPS * self._count) == 0 and self._round and len(self.seen) < 2:
            # One act always was first: on this machine they take longer, so the others get more of a start.
            self.step_s = min(2 * self.step_s, _LONGEST_STEP_S)
        late, by = self._round % self._count, self.step_s * (self._round // self._count % _STEPS)
        self._round += 1
        running = [
            self._threads.submit(self._run, act, by if number == late else 0.0)
            for number, act in enumerate(acts)
        ]
        return [one.result(_LONGEST_S) for one in running]

    def _run(self, act: Act, delay: float) -> Any:
        self._barrier.wait()
        if delay:
            time.sleep(delay)
        try:
            return act()
        except KeyPortalError as refusal:
            return refusal


def name_of(outcome: object) -> str:
    """Return the name of a refusal, and "done" for anything else."""
    return type(outcome).__name__ if isinstance(outcome, KeyPortalError) else "done"


def names_of(outcomes: list[Any]) -> list[str]:
    return [name_of(one) for one in outcomes]


def require_one_chain(portal: Portal) -> None:
    assert audit_verification.verify_chain(portal).broken_at is None
