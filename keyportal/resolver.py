"""The pure precedence rule: own key, then system key, then environment variable, and why.

Knows nothing of databases or secrets; services build the candidates and open the winner.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain


class Source(StrEnum):
    """Where a resolved secret comes from."""

    USER = "user"
    SYSTEM = "system"
    ENVIRONMENT = "environment"


class Situation(StrEnum):
    """What a candidate is right now."""

    USABLE = "usable"
    INACTIVE = "inactive"
    EXPIRED = "expired"
    UNREADABLE = "unreadable"
    ABSENT = "absent"
    PLACEHOLDER = "placeholder"


class Verdict(StrEnum):
    """What the rule does with a candidate."""

    USED = "used"
    SKIPPED = "skipped"
    BLOCKS = "blocks"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True)
class Candidate:
    """One place a secret could come from. `id` and `mask` are empty for environment variables."""

    source: Source
    name: str
    situation: Situation
    id: str = ""
    mask: str = ""


@dataclass(frozen=True)
class Step:
    candidate: Candidate
    verdict: Verdict


@dataclass(frozen=True)
class Decision:
    """The whole chain in order. At most one of `winner` and `blocked_by` is set."""

    steps: tuple[Step, ...]
    winner: Candidate | None
    blocked_by: Candidate | None


def resolve(
    own: Sequence[Candidate], system: Sequence[Candidate], environment: Sequence[Candidate]
) -> Decision:
    """Pick by precedence: the caller's own keys in their order, then system keys, then variables.

    Inactive, expired, absent and placeholder candidates are passed over. An unreadable one ends
    the search without a winner: falling through would spend somebody else's money unasked.
    """
    steps = tuple(_steps(chain(own, system, environment)))
    return Decision(steps, _first(steps, Verdict.USED), _first(steps, Verdict.BLOCKS))


def _steps(candidates: Iterable[Candidate]) -> Iterable[Step]:
    decided = False
    for candidate in candidates:
        verdict = Verdict.NOT_REACHED if decided else _verdict(candidate.situation)
        decided = decided or verdict in (Verdict.USED, Verdict.BLOCKS)
        yield Step(candidate, verdict)


def _verdict(situation: Situation) -> Verdict:
    match situation:
        case Situation.USABLE:
            return Verdict.USED
        case Situation.UNREADABLE:
            return Verdict.BLOCKS
        case _:
            return Verdict.SKIPPED


def _first(steps: tuple[Step, ...], verdict: Verdict) -> Candidate | None:
    return next((s.candidate for s in steps if s.verdict is verdict), None)
