"""The figures of a run: collected, printed as one table, written as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Goal:
    """`value` has to be at least or at most `limit`."""

    limit: float
    at_least: bool = True
    unit: str = ""

    def is_met_by(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {_number(self.limit)}{_unit(self.unit)}"


@dataclass(frozen=True)
class Figure:
    """One line of the table. `of` says what a ratio is a ratio of, or what else to know about the number."""

    benchmark: str
    what: str
    value: float
    unit: str = ""
    of: str = ""
    goal: Goal | None = None

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        return "met" if self.goal.is_met_by(self.value) else "missed"


@dataclass
class Report:
    """Grows while the benchmarks run; what could not be measured is part of it."""

    facts: Mapping[str, Any]
    figures: list[Figure] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def add(
        self,
        benchmark: str,
        what: str,
        value: float,
        unit: str = "",
        *,
        of: str = "",
        goal: Goal | None = None,
    ) -> None:
        self.figures.append(Figure(benchmark, what, value, unit, of, goal))

    def table(self) -> str:
        """Return the facts, all figures, and what went wrong, as text."""
        lines = [f"{name}: {_fact(value)}" for name, value in self.facts.items()]
        rows = [
            (f.benchmark, f.what, _number(f.value) + _unit(f.unit), f.of, str(f.goal or ""), f.verdict)
            for f in self.figures
        ]
        lines += ["", *_aligned([("benchmark", "what", "figure", "of", "goal", ""), *rows])]
        lines += ["", *(f"NOT RIGHT: {problem}" for problem in self.problems)] if self.problems else []
        return "\n".join(lines)

    def write(self, file: Path) -> None:
        figures = [
            {**asdict(f), "goal": str(f.goal) if f.goal else None, "verdict": f.verdict or None}
            for f in self.figures
        ]
        content = {
            "facts": dict(self.facts),
            "figures": figures,
            "problems": self.problems,
            "details": self.details,
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content, indent=1) + "\n")


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rows = [rows[0], ["-" * width for width in widths], *rows[1:]]
    # Figures stand on the right of their column, words on the left.
    return [
        "  ".join(
            cell.rjust(width) if column == 2 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _fact(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return str(value)


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""
