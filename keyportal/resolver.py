"""The pure precedence rule: own key, then system key, then environment variable, and why.

Knows nothing of databases or secrets; services build the candidates and open the winner.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from keyportal.domain.links import closeness, matches


class Source(StrEnum):
    """Where a resolved secret comes from."""

    USER = "user"
    SYSTEM = "system"
    ENVIRONMENT = "environment"


class Situation(StrEnum):
    """What a candidate is right now. `FAILING` ones are those whose owner agreed to step back."""

    USABLE = "usable"
    FAILING = "failing"
    INACTIVE = "inactive"
    EXPIRED = "expired"
    UNREADABLE = "unreadable"
    RE_ENTER = "re_enter"
    ABSENT = "absent"
    PLACEHOLDER = "placeholder"


class Verdict(StrEnum):
    """What the rule does with a candidate."""

    USED = "used"
    SKIPPED = "skipped"
    BLOCKS = "blocks"
    NOT_REACHED = "not_reached"


_BLOCKING = (Situation.UNREADABLE, Situation.RE_ENTER)


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


class Linked(Protocol):
    """A key assigned to a provider. An empty pattern stands for all its models."""

    @property
    def credential_id(self) -> str: ...

    @property
    def model_pattern(self) -> str: ...


L = TypeVar("L", bound=Linked)


def in_order(bound: Sequence[str], links: Sequence[L], model: str | None) -> list[tuple[str, L | None]]:
    """Return the ids of one owner's keys for one provider as they are tried, each with its link if any.

    `bound` are those saved for the provider, in their order; `links` come oldest first. Where a model is
    asked for, keys linked to a pattern that matches it come first, the closest pattern leading. Then
    those bound to the provider, then those linked to all of it. No key comes twice.
    """
    matching = [ln for ln in links if ln.model_pattern and model and matches(ln.model_pattern, model)]
    matching.sort(key=lambda ln: -closeness(ln.model_pattern))
    turns: list[tuple[str, L | None]] = [(ln.credential_id, ln) for ln in matching]
    turns += [(one, None) for one in bound]
    turns += [(ln.credential_id, ln) for ln in links if not ln.model_pattern]
    first: dict[str, L | None] = {}
    for credential_id, link in turns:
        first.setdefault(credential_id, link)
    return list(first.items())


def resolve(
    own: Sequence[Candidate], system: Sequence[Candidate], environment: Sequence[Candidate]
) -> Decision:
    """Pick by precedence: the caller's own keys in their order, then system keys, then variables.

    Inactive, expired, absent and placeholder candidates are passed over. One that cannot be read or
    waits for its value ends the search without a winner: falling through would spend somebody else's
    money unasked. A failing one is passed over only for a usable one; else it is used after all.
    """
    candidates = (*own, *system, *environment)
    decisive = _decisive(candidates)
    steps = tuple(_steps(candidates, decisive))
    return Decision(steps, _first(steps, Verdict.USED), _first(steps, Verdict.BLOCKS))


def _decisive(candidates: Sequence[Candidate]) -> int:
    """Return the place of the candidate the search ends at, or how many there are."""
    failing = None
    for place, candidate in enumerate(candidates):
        if candidate.situation is Situation.USABLE:
            return place
        if candidate.situation in _BLOCKING:
            return place if failing is None else failing
        if candidate.situation is Situation.FAILING and failing is None:
            failing = place
    return len(candidates) if failing is None else failing


def _steps(candidates: Sequence[Candidate], decisive: int) -> Iterable[Step]:
    for place, candidate in enumerate(candidates):
        if place > decisive:
            yield Step(candidate, Verdict.NOT_REACHED)
        elif place < decisive:
            yield Step(candidate, Verdict.SKIPPED)
        else:
            is_blocking = candidate.situation in _BLOCKING
            yield Step(candidate, Verdict.BLOCKS if is_blocking else Verdict.USED)


def _first(steps: tuple[Step, ...], verdict: Verdict) -> Candidate | None:
    return next((s.candidate for s in steps if s.verdict is verdict), None)
