"""The precedence rule as a table, and as properties over every chain."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyportal.resolver import Candidate, Decision, Situation, Source, Verdict, resolve

USED, SKIPPED, BLOCKS = Verdict.USED, Verdict.SKIPPED, Verdict.BLOCKS
ORDER = (Source.USER, Source.SYSTEM, Source.ENVIRONMENT)

# What a candidate in first place comes to. A saved key is never absent or a placeholder, and a
# variable never inactive; should one be, it is passed over all the same.
TABLE = {
    (Source.USER, Situation.USABLE): USED,
    (Source.USER, Situation.INACTIVE): SKIPPED,
    (Source.USER, Situation.EXPIRED): SKIPPED,
    (Source.USER, Situation.UNREADABLE): BLOCKS,
    (Source.USER, Situation.ABSENT): SKIPPED,
    (Source.USER, Situation.PLACEHOLDER): SKIPPED,
    (Source.SYSTEM, Situation.USABLE): USED,
    (Source.SYSTEM, Situation.INACTIVE): SKIPPED,
    (Source.SYSTEM, Situation.EXPIRED): SKIPPED,
    (Source.SYSTEM, Situation.UNREADABLE): BLOCKS,
    (Source.SYSTEM, Situation.ABSENT): SKIPPED,
    (Source.SYSTEM, Situation.PLACEHOLDER): SKIPPED,
    (Source.ENVIRONMENT, Situation.USABLE): USED,
    (Source.ENVIRONMENT, Situation.INACTIVE): SKIPPED,
    (Source.ENVIRONMENT, Situation.EXPIRED): SKIPPED,
    (Source.ENVIRONMENT, Situation.UNREADABLE): BLOCKS,
    (Source.ENVIRONMENT, Situation.ABSENT): SKIPPED,
    (Source.ENVIRONMENT, Situation.PLACEHOLDER): SKIPPED,
}

situations = st.lists(st.sampled_from(Situation), max_size=4)


def decide(*chains: list[Situation]) -> Decision:
    own, system, environment = (
        [Candidate(source, f"{source}-{n}", s) for n, s in enumerate(chain)]
        for source, chain in zip(ORDER, chains, strict=True)
    )
    return resolve(own, system, environment)


@pytest.mark.parametrize(("source", "situation"), list(product(Source, Situation)))
def test_each_source_in_each_situation(source: Source, situation: Situation) -> None:
    chains = [[situation] if s is source else [] for s in ORDER]
    decision = decide(*chains)
    assert decision.steps[0].verdict is TABLE[source, situation]
    assert (decision.winner is not None, decision.blocked_by is not None) == (
        TABLE[source, situation] is USED,
        TABLE[source, situation] is BLOCKS,
    )


def test_nothing_anywhere_has_no_winner() -> None:
    assert decide([], [], []) == Decision((), None, None)


@given(situations, situations, situations)
def test_the_winner_is_the_first_that_is_not_skipped(own, system, environment) -> None:
    decision = decide(own, system, environment)
    first = next((s for s in decision.steps if s.verdict is not SKIPPED), None)
    assert decision.winner == (first.candidate if first and first.verdict is USED else None)


@given(situations, situations, situations)
def test_an_unreadable_key_never_falls_through(own, system, environment) -> None:
    flat = [*own, *system, *environment]
    met = next((s for s in flat if s in (Situation.USABLE, Situation.UNREADABLE)), None)
    decision = decide(own, system, environment)
    assert (decision.blocked_by is not None) is (met is Situation.UNREADABLE)
    assert decision.winner is None or decision.blocked_by is None


@given(situations, situations, situations)
def test_every_candidate_is_listed_in_the_order_it_is_asked(own, system, environment) -> None:
    steps = decide(own, system, environment).steps
    names = [
        f"{source}-{n}"
        for source, c in zip(ORDER, (own, system, environment), strict=True)
        for n in range(len(c))
    ]
    assert [s.candidate.name for s in steps] == names


@given(situations, situations, situations)
def test_behind_a_decision_nothing_is_reached(own, system, environment) -> None:
    verdicts = [s.verdict for s in decide(own, system, environment).steps]
    decided = next((n for n, v in enumerate(verdicts) if v in (USED, BLOCKS)), len(verdicts))
    assert all(v is SKIPPED for v in verdicts[:decided])
    assert all(v is Verdict.NOT_REACHED for v in verdicts[decided + 1 :])
