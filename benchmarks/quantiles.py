"""The few statistics the figures are made of."""

from collections.abc import Sequence
from statistics import median


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of all values does not exceed (nearest rank)."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    rank = max(1, -int(-share * len(ordered) // 1))
    return ordered[min(rank, len(ordered)) - 1]


def ratio_of_medians(values: Sequence[float], base: Sequence[float]) -> float:
    """Return how many times the median of `base` the median of `values` is."""
    return median(values) / median(base)


def spread(values: Sequence[float], base: Sequence[float]) -> tuple[float, float]:
    """Return the smallest and the largest ratio of two measurements made right after each other."""
    ratios = [value / other for value, other in zip(values, base, strict=True)]
    return min(ratios), max(ratios)
