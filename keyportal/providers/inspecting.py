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
    return amount if amount.is_finite() else None


def model_list(wrapper: str, id_key: str, id_prefix: str = "") -> Inspect:
    """Make a reader for a list of models: an object whose `wrapper` lists objects with an id."""

    def inspect(answer: object) -> Finding | None:
        found = as_object(answer)
        entries = as_list(found.get(wrapper)) if found is not None else None
        if entries is None:
            return None
        ids = [entry.get(id_key) for entry in map(as_object, entries) if entry is not None]
        names = tuple(name.removeprefix(id_prefix) for name in ids if isinstance(name, str))
        # Entries without a single id are some other list, not this provider's.
        return None if entries and not names else Finding(Outcome.VALID, models=names)

    return inspect
