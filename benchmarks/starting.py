"""How long a warm start takes, from the command line to the first answer, and what memory is taken then."""

from statistics import median

from benchmarks.bench import Bench, say
from benchmarks.deployments import DATA_PLANE, UI, Deployment
from benchmarks.figures import Goal
from benchmarks.memory_of import proportional_mb, worker_mb
from benchmarks.seeding import one_request

NAME = "start"
_GOALS = {DATA_PLANE: Goal(1, at_least=False, unit="s")}


def run(bench: Bench) -> None:
    for kind in bench.kinds:
        with bench.deployment(kind) as made:
            with made.opened() as portal:
                one_request(portal)
            for process in (DATA_PLANE, UI):
                say(f"start: {process}, {kind}")
                _measure(bench, made, process)


def _measure(bench: Bench, made: Deployment, process: str) -> None:
    seconds, resident, proportional = [], [], []
    # The first one reads files from the disk; it is not counted.
    for number in range(bench.amounts.starts + 1):
        with made.server(process) as server:
            if number:
                seconds.append(server.started_in_s)
                resident.append(worker_mb(server.pid))
                proportional.append(proportional_mb(server.pid))
    what = f"{process}, {made.kind}"
    of = f"median of {len(seconds)}; {min(seconds):.2f}-{max(seconds):.2f} s"
    bench.report.add(
        NAME, f"{what}: to the first answer", median(seconds), "s", of=of, goal=_GOALS.get(process)
    )
    of = (
        f"resident, the worker; {median(proportional):.0f} MB with its supervisor, shared memory counted once"
    )
    bench.report.add(NAME, f"{what}: memory after it", median(resident), "MB", of=of)
