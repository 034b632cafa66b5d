"""The long form: everything the tests sample, without leaving anything out, and the figures of it."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults import kills, outages, refusals, starts
from tests.faults.children import why_no_strace
from tests.faults.figures import Figure, as_json, table
from tests.faults.places import KINDS, Places
from tests.faults.postgres import running_server

_REFUSED = ("create", "edit", "delete", "import", "resolve", "desk", "rotate")
# How many of a workload's writes fail, each in a run of its own: all, or a sample where there are many.
_EACH_FAILS = {
    "create": None, "edit": None, "import": None, "resolve": None,
    "rotate": 60, "migrate": 40, "start": 40, "backup": 40,
}  # fmt: skip
_AWAY = ("create", "edit", "import", "resolve", "desk", "rotate")
_TIMES_AWAY = 3
_ROUNDS = 20
Run = Callable[[Places], Figure]


def main() -> int:
    asked = _arguments()
    begun, figures = time.monotonic(), list[Figure]()
    print(f"seed {asked.seed}; each moment of a kill is drawn from it", flush=True)
    with running_server() as server, tempfile.TemporaryDirectory(prefix="keyportal-faults-") as folder:
        places = Places(Path(folder), server)
        for part in asked.only or PARTS:
            for run in PARTS[part](asked):
                figures.append(run(places))
                print(f"{time.monotonic() - begun:6.0f} s  {_line(figures[-1])}", flush=True)
                _write(asked, figures)
    print(f"\n{table(figures)}\n\n{_sums(figures, time.monotonic() - begun)}")
    return int(any(figure.verdict() for figure in figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="kill -9 at random moments, in all")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="these parts alone")
    return parser.parse_args()


def _random_kills(asked: argparse.Namespace) -> Iterator[Run]:
    each = -(-asked.kills // (len(kills.AMOUNTS) * len(KINDS)))
    for workload in kills.AMOUNTS:
        for kind in KINDS:
            yield lambda places, w=workload, k=kind: kills.kill_at_random(places, k, w, each, asked.seed)


def _kills_at_writes(_: argparse.Namespace) -> Iterator[Run]:
    for workload in kills.AMOUNTS:
        yield lambda places, w=workload: kills.kill_at_each_write(places, w)


def _refusals(_: argparse.Namespace) -> Iterator[Run]:
    for workload in _REFUSED:
        for fault in refusals.FAULTS:
            yield lambda places, w=workload, f=fault: refusals.refuse_writes(places, w, f)
        yield lambda places, w=workload: refusals.kill_while_full(places, w)
    for workload, samples in _EACH_FAILS.items():
        for error in ("ENOSPC", "EIO"):
            yield lambda places, w=workload, e=error, n=samples: refusals.fail_each_write(places, w, e, n)


def _outages(_: argparse.Namespace) -> Iterator[Run]:
    for workload in _AWAY:
        for outage in outages.OUTAGES:
            if outage != outages.LONG:
                yield lambda places, w=workload, o=outage: outages.go_away(places, w, o, _TIMES_AWAY)
    for workload in ("create", "resolve", "desk"):
        yield lambda places, w=workload: outages.go_away(places, w, outages.LONG)


def _starts(_: argparse.Namespace) -> Iterator[Run]:
    for kind in KINDS:
        yield lambda places, k=kind: starts.start_together(places, k, _ROUNDS)


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[Run]]] = {
    "random": _random_kills,
    "writes": _kills_at_writes,
    "refusals": _refusals,
    "outages": _outages,
    "starts": _starts,
}


def _write(asked: argparse.Namespace, figures: list[Figure]) -> None:
    """Write what there is so far: a run that is stopped keeps its figures."""
    if asked.json:
        asked.json.write_text(json.dumps({"seed": asked.seed, "figures": as_json(figures)}, indent=1) + "\n")


def _line(figure: Figure) -> str:
    counted = f"{figure.runs:,} runs, {figure.mid_work:,} mid-work, {figure.acknowledged:,} acknowledged"
    return f"{figure.title}: {counted}: {'; '.join(figure.verdict()) or 'right'}"


def _sums(figures: list[Figure], seconds: float) -> str:
    lost = sum(figure.lost for figure in figures)
    half = sum(figure.half + figure.broken_chains for figure in figures)
    return (
        f"{sum(f.runs for f in figures):,} runs, {sum(f.mid_work for f in figures):,} hit in the middle,"
        f" {sum(f.acknowledged for f in figures):,} acts acknowledged: {lost} lost, {half} half or broken."
        f" {seconds:,.0f} s."
    )


if __name__ == "__main__":
    if reason := why_no_strace():
        print(f"The long form needs strace: {reason}.", file=sys.stderr)
        sys.exit(2)
    sys.exit(main())
