"""Readers of well-formed 200 answers, shared by the catalogue. None means an unknown shape.

Never decides by wording.
"""

import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import cast

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Finding, Inspect


def as_object(value: object) -> Mapping[str, object] | None:
    """Return a JSON object as a mapping, or None for anything else."""
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[object] | None:
    """Return a JSON array as a list, or None for anything else."""
    return cast("list[object]", value) if isinstance(value, list) else None


def as_number(value: object) -> float | None:
    """Return a finite JSON number, or None; true and false are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def as_amount(value: object) -> Decimal | None:
    """Return an amount of money written as a decimal text, or None."""
    if not isinstance(value, str) or len(value) > 24:
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    if not amount.is_finite():
        return None
    if not amount:
        return Decimal(0)
    # Written out, an exponent of millions would be as many characters.
    return amount if -12 <= amount.adjusted() <= 12 else None


def holds(path: str, kind: type[object]) -> Inspect:
    """Make a reader that wants a value of this kind, and not an empty one, at a dotted path."""

    def inspect(answer: object) -> Finding | None:
        value = _at(answer, path)
        is_it = isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)
        return Finding(Outcome.VALID) if is_it and value not in ("", [], {}) else None

    return inspect


def lists(name: str) -> Inspect:
    """Make a reader for a list of objects, an empty one too: an object that has it by this name."""

    def inspect(answer: object) -> Finding | None:
        entries = as_list(_at(answer, name))
        is_it = entries is not None and all(isinstance(entry, Mapping) for entry in entries)
        return Finding(Outcome.VALID) if is_it else None

    return inspect


def credit(left: float | Decimal | None, unit: str, places: int = 2) -> Finding | None:
    """Return what a balance tells: nothing left means that the quota is used up."""
    # No account holds more; a reply may.
    if left is None or abs(left) > 10**12:
        return None
    outcome = Outcome.VALID if left > 0 else Outcome.QUOTA_EXHAUSTED
    return Finding(outcome, balance=f"{left:.{places}f} {unit}".strip())


def credit_at(path: str, unit: str, places: int = 2) -> Inspect:
    """Make a reader for a balance, a number or a decimal text, at a dotted path."""

    def inspect(answer: object) -> Finding | None:
        value = _at(answer, path)
        return credit(as_amount(value) if isinstance(value, str) else as_number(value), unit, places)

    return inspect


def model_list(wrapper: str, id_key: str, id_prefix: str = "") -> Inspect:
    """Make a reader for a list of models: an object whose `wrapper` lists objects with an id.

    Without a wrapper the answer itself has to be the list, and an empty one tells nothing.
    """

    def inspect(answer: object) -> Finding | None:
        found = as_object(answer)
        listed = answer if not wrapper else found.get(wrapper) if found is not None else None
        entries = as_list(listed)
        if entries is None or not (entries or wrapper):
            return None
        ids = [entry.get(id_key) for entry in map(as_object, entries) if entry is not None]
        names = tuple(name.removeprefix(id_prefix) for name in ids if isinstance(name, str))
        # Entries without a single id are some other list, not this provider's.
        return None if entries and not names else Finding(Outcome.VALID, models=names)

    return inspect


def _at(answer: object, path: str) -> object:
    """Return the value at a dotted path, or None."""
    value = answer
    for name in path.split("."):
        parent = as_object(value)
        value = parent.get(name) if parent is not None else None
    return value
