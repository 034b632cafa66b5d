"""The precedence rule as a table, and as properties over every chain."""

from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyportal.resolver import Candidate, Decision, Situation, Source, Verdict, in_order, resolve

USED, SKIPPED, BLOCKS, NOT_REACHED = Verdict.USED, Verdict.SKIPPED, Verdict.BLOCKS, Verdict.NOT_REACHED
BLOCKING = (Situation.UNREADABLE, Situation.RE_ENTER)
ORDER = (Source.USER, Source.SYSTEM, Source.ENVIRONMENT)

# What a candidate alone comes to: one that fails is used for want of a better. A saved key is never
# absent or a placeholder, and a variable never inactive; should one be, it is passed over all the same.
TABLE = {
    (Source.USER, Situation.USABLE): USED,
    (Source.USER, Situation.FAILING): USED,
    (Source.USER, Situation.INACTIVE): SKIPPED,
    (Source.USER, Situation.EXPIRED): SKIPPED,
    (Source.USER, Situation.UNREADABLE): BLOCKS,
    (Source.USER, Situation.RE_ENTER): BLOCKS,
    (Source.USER, Situation.ABSENT): SKIPPED,
    (Source.USER, Situation.PLACEHOLDER): SKIPPED,
    (Source.SYSTEM, Situation.USABLE): USED,
    (Source.SYSTEM, Situation.FAILING): USED,
    (Source.SYSTEM, Situation.INACTIVE): SKIPPED,
    (Source.SYSTEM, Situation.EXPIRED): SKIPPED,
    (Source.SYSTEM, Situation.UNREADABLE): BLOCKS,
    (Source.SYSTEM, Situation.RE_ENTER): BLOCKS,
    (Source.SYSTEM, Situation.ABSENT): SKIPPED,
    (Source.SYSTEM, Situation.PLACEHOLDER): SKIPPED,
    (Source.ENVIRONMENT, Situation.USABLE): USED,
    (Source.ENVIRONMENT, Situation.FAILING): USED,
    (Source.ENVIRONMENT, Situation.INACTIVE): SKIPPED,
    (Source.ENVIRONMENT, Situation.EXPIRED): SKIPPED,
    (Source.ENVIRONMENT, Situation.UNREADABLE): BLOCKS,
    (Source.ENVIRONMENT, Situation.RE_ENTER): BLOCKS,
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


# Two candidates in a row, each pair of a source with a situation: what the first and the second come to.
FIRST_OF_TWO = {
    # A failing key steps back for a usable one, never for one that would end the search.
    (Situation.FAILING, Situation.USABLE): (SKIPPED, USED),
    (Situation.FAILING, Situation.FAILING): (USED, NOT_REACHED),
    (Situation.FAILING, Situation.UNREADABLE): (USED, NOT_REACHED),
    (Situation.FAILING, Situation.RE_ENTER): (USED, NOT_REACHED),
    (Situation.FAILING, Situation.INACTIVE): (USED, NOT_REACHED),
    (Situation.FAILING, Situation.ABSENT): (USED, NOT_REACHED),
    (Situation.INACTIVE, Situation.FAILING): (SKIPPED, USED),
    (Situation.UNREADABLE, Situation.FAILING): (BLOCKS, NOT_REACHED),
    (Situation.RE_ENTER, Situation.USABLE): (BLOCKS, NOT_REACHED),
    (Situation.USABLE, Situation.RE_ENTER): (USED, NOT_REACHED),
}


@pytest.mark.parametrize("sources", [(Source.USER, Source.USER), (Source.USER, Source.SYSTEM)])
@pytest.mark.parametrize("pair", list(FIRST_OF_TWO))
def test_one_of_two_candidates(sources: tuple[Source, Source], pair: tuple[Situation, Situation]) -> None:
    own, system = (
        [s for s, source in zip(pair, sources, strict=True) if source is level] for level in ORDER[:2]
    )
    assert tuple(s.verdict for s in decide(own, system, []).steps) == FIRST_OF_TWO[pair]


@given(situations, situations, situations)
def test_the_winner_is_the_first_usable_one_before_which_nothing_blocks(own, system, environment) -> None:
    flat = [*own, *system, *environment]
    reached = flat[: next((n for n, s in enumerate(flat) if s in BLOCKING), len(flat))]
    winner = next((s for s in (Situation.USABLE, Situation.FAILING) if s in reached), None)
    decision = decide(own, system, environment)
    assert (decision.winner.situation if decision.winner else None) is winner


@given(situations, situations, situations)
def test_a_key_that_cannot_be_opened_never_falls_through(own, system, environment) -> None:
    flat = [*own, *system, *environment]
    met = next((s for s in flat if s in (Situation.USABLE, Situation.FAILING, *BLOCKING)), None)
    decision = decide(own, system, environment)
    assert (decision.blocked_by is not None) is (met in BLOCKING)
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


@dataclass(frozen=True)
class Link:
    credential_id: str
    model_pattern: str = ""


def order(bound: list[str], links: list[Link], model: str | None = None) -> list[str]:
    return [one for one, _ in in_order(bound, links, model)]


def test_keys_saved_for_a_provider_come_before_those_linked_to_it_by_age() -> None:
    assert order(["b", "a"], [Link("y"), Link("x")]) == ["b", "a", "y", "x"]


def test_for_a_model_the_closest_pattern_leads() -> None:
    links = [Link("all"), Link("any", "*"), Link("wide", "gpt-*"), Link("close", "gpt-4o*"), Link("no", "o1")]
    assert order(["own"], links, "gpt-4o-mini") == ["close", "wide", "any", "own", "all"]


def test_of_two_patterns_as_close_the_older_link_leads() -> None:
    assert order([], [Link("old", "gpt*"), Link("new", "*ini")], "gpt-4o-mini") == ["old", "new"]


def test_patterns_count_only_where_a_model_is_asked_for() -> None:
    assert order(["own"], [Link("gpt", "gpt-*")]) == ["own"]


def test_a_key_comes_once_at_its_best_place() -> None:
    links = [Link("own", "gpt-*"), Link("own", "gpt-4o"), Link("other"), Link("other", "*")]
    assert order(["first", "own"], links, "gpt-4o") == ["own", "other", "first"]


def test_each_key_comes_with_the_link_it_is_there_by() -> None:
    whole, close = Link("x"), Link("x", "gpt-*")
    assert in_order(["own"], [whole, close], "gpt-4o") == [("x", close), ("own", None)]
    assert in_order(["own"], [whole, close], None) == [("own", None), ("x", whole)]
