"""What a run of faults came to: one line for each workload, fault and database."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.faults.inspection import Finding

_HEADINGS = ("workload", "fault", "database", "runs", "mid-work", "acknowledged", "found", "besides",
             "lost", "half", "broken chains")  # fmt: skip


@dataclass
class Figure:
    """`mid_work`: runs hit in the middle of an act. `besides`: acts that are there and nobody was told of."""

    workload: str
    fault: str
    database: str
    runs: int = 0
    mid_work: int = 0
    acknowledged: int = 0
    found: int = 0
    besides: int = 0
    lost: int = 0
    half: int = 0
    broken_chains: int = 0
    problems: list[str] = field(default_factory=list)
    # What happened on the way and is no loss.
    remarks: list[str] = field(default_factory=list)

    def add(self, finding: Finding, *, mid_work: bool, acknowledged: int) -> None:
        self.runs += 1
        self.mid_work += mid_work
        self.acknowledged += acknowledged
        self.found += finding.found
        self.besides += finding.besides
        self.lost += len(finding.lost)
        self.half += len(finding.half)
        self.broken_chains += finding.broken_chains
        self.problems += [*(f"lost: {one}" for one in finding.lost), *finding.half]

    def verdict(self) -> list[str]:
        """Return what is wrong, with the harness too: one that hits nothing proves nothing."""
        wrong = list(dict.fromkeys(self.problems))
        if self.broken_chains:
            wrong.append("the trail is broken")
        if not self.mid_work:
            wrong.append("nothing was hit in the middle of its work")
        if not self.acknowledged:
            wrong.append("nothing was acknowledged")
        return wrong

    @property
    def title(self) -> str:
        return f"{self.workload}, {self.fault}, {self.database}"


def table(figures: Iterable[Figure]) -> str:
    rows = [_HEADINGS, *(_row(figure) for figure in figures)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(_HEADINGS))]
    return "\n".join("  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)) for row in rows)


def as_json(figures: Iterable[Figure]) -> list[dict[str, Any]]:
    return [{**asdict(figure), "wrong": figure.verdict()} for figure in figures]


def _row(one: Figure) -> tuple[str, ...]:
    numbers = (one.runs, one.mid_work, one.acknowledged, one.found, one.besides, one.lost, one.half)
    return (one.workload, one.fault, one.database, *(f"{n:,}" for n in (*numbers, one.broken_chains)))
