"""Patterns of model names: what they stand for, and what may be one."""

import pytest

from keyportal.domain.errors import InvalidInput
from keyportal.domain.links import closeness, matches, require_pattern


@pytest.mark.parametrize(
    ("pattern", "model", "is_match"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o*", "gpt-4o", True),
        ("gpt-4o*", "gpt-4o-mini", True),
        ("*mini", "gpt-4o-mini", True),
        ("gpt*mini", "gpt-4o-mini", True),
        ("gpt*mini", "gptmini", True),
        ("gpt*tmini", "gptmini", False),  # the two ends may not share a character
        ("a*b*c", "axxbxxc", True),
        ("a*b*c", "axxcxxb", False),
        ("*4o*", "gpt-4o-mini", True),
        ("*", "anything", True),
        ("GPT-4o", "gpt-4o", False),
        ("gpt-?o", "gpt-4o", False),
        ("gpt-[4]o", "gpt-4o", False),
        ("gpt-[4]o", "gpt-[4]o", True),
        ("gpt.4o", "gpt-4o", False),
    ],
)
def test_only_a_star_stands_for_more_than_itself(pattern: str, model: str, is_match: bool) -> None:
    assert matches(pattern, model) is is_match


def test_no_pattern_takes_long() -> None:
    # As a regular expression this one would take ages.
    assert matches("*a" * 60, "a" * 199 + "b") is False


def test_closeness_counts_what_stands_for_itself() -> None:
    assert [closeness(p) for p in ("*", "gpt-*", "*gpt-4o*", "gpt-4o-mini")] == [0, 4, 6, 11]


@pytest.mark.parametrize(
    ("typed", "pattern"), [("", ""), (" gpt-4o* ", "gpt-4o*"), ("a**b***", "a*b*"), ("x" * 120, "x" * 120)]
)
def test_a_usable_pattern_is_tidied(typed: str, pattern: str) -> None:
    assert require_pattern(typed) == pattern


@pytest.mark.parametrize(
    "typed", ["two words", "x" * 121, "x" * 100_000, "a\nb", "a\x00", "a\ud800", "a\u200bb", "a\u00a0b"]
)
def test_an_unusable_pattern_is_refused_at_its_field(typed: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        require_pattern(typed)
    assert refusal.value.field == "model_pattern" and typed not in refusal.value.message
