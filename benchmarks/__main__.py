"""`python -m benchmarks`: run the measurements, print one table, write JSON."""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import crash, events, memory, mixed, pages, resolve, rotation, size, starting
from benchmarks.amounts import FULL, QUICK, Amounts
from benchmarks.bench import Bench, say
from benchmarks.databases import POSTGRESQL, SQLITE, Databases
from benchmarks.facts import facts
from benchmarks.figures import Report
from benchmarks.servers import ROOT

_ALL = {one.NAME: one.run for one in (starting, resolve, crash, mixed, size, rotation, pages, events, memory)}
# These start no UI process.
_WITHOUT_PAGES = {memory.NAME, pages.NAME, rotation.NAME, size.NAME}
_FEWEST_RESOLVES = 1000
_KINDS = {"sqlite": (SQLITE,), "postgresql": (POSTGRESQL,), "both": (SQLITE, POSTGRESQL)}


def main() -> int:
    chosen = _arguments()
    names = chosen.names or list(_ALL)
    if not _WITHOUT_PAGES.issuperset(names):
        say("building the pages, unless they are up to date")
        # Or the first start of the portal would do it, and be measured.
        subprocess.run([sys.executable, "-m", "keyportal", "serve", "--build-only"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory(prefix="keyportal-bench-") as folder:
        databases = Databases(Path(folder))
        kinds = _KINDS[chosen.database]
        try:
            report = Report(facts(Path(folder)))
            if POSTGRESQL in kinds:
                report.facts = {**report.facts, POSTGRESQL: databases.facts()}
            bench = Bench(_amounts(chosen), report, Path(folder), databases, kinds)
            _run(bench, names)
        finally:
            databases.close()
    report.write(chosen.json)
    print(report.table())
    print(f"\nAll rounds are in {chosen.json}")
    return 1 if report.problems else 0


def _run(bench: Bench, names: list[str]) -> None:
    for name in names:
        try:
            _ALL[name](bench)
        except KeyboardInterrupt:
            bench.report.problems.append(f"{name}: interrupted; what follows was not measured")
            return
        except Exception as failure:  # noqa: BLE001  the other measurements are worth having
            say(f"{name} could not be measured to its end")
            bench.report.problems.append(
                f"{name}: not measured to its end: {type(failure).__name__}: {failure}"
            )


def _amounts(chosen: argparse.Namespace) -> Amounts:
    amounts = QUICK if chosen.quick else FULL
    if chosen.resolves is None:
        return amounts
    first = min(amounts.memory_first, chosen.resolves // 10)
    return replace(amounts, memory_first=first, memory_last=chosen.resolves)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"which of {', '.join(_ALL)}; all by default"
    )
    parser.add_argument("--quick", action="store_true", help="a short pass, to see that everything works")
    parser.add_argument("--database", choices=_KINDS, default="both")
    parser.add_argument(
        "--resolves",
        type=int,
        metavar="N",
        help=f"how many `memory` makes; {FULL.memory_last} by default, {QUICK.memory_last} with --quick",
    )
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    results = ROOT / "benchmarks" / "results" / f"{now}.json"
    parser.add_argument(
        "--json", type=Path, default=results, metavar="FILE", help="where to write the figures"
    )
    chosen = parser.parse_args()
    if unknown := [name for name in chosen.names if name not in _ALL]:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(_ALL)}")
    if chosen.resolves is not None and chosen.resolves < _FEWEST_RESOLVES:
        parser.error(f"--resolves has to be {_FEWEST_RESOLVES} at least")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
