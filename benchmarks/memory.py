"""Does memory stay flat: the data plane after ten thousand resolves, and after a million."""

from benchmarks import http_load
from benchmarks.bench import Bench, say
from benchmarks.deployments import DATA_PLANE
from benchmarks.figures import Goal
from benchmarks.memory_of import resident_mb
from benchmarks.seeding import spread_requests

NAME = "memory"
_CONNECTIONS = 32
_STEPS = 10
_FLAT = Goal(10, at_least=False, unit="MB")


def run(bench: Bench) -> None:
    first, last = bench.amounts.memory_first, bench.amounts.memory_last
    kind = bench.kinds[0]
    with bench.deployment(kind) as made:
        with made.opened() as portal:
            requests = spread_requests(portal)
        with made.server(DATA_PLANE) as server:
            counts = [first, *[(last - first) // _STEPS] * _STEPS]
            taken: list[tuple[int, float]] = []
            done = 0
            for count in counts:
                load = http_load.run(
                    server.port,
                    requests,
                    _CONNECTIONS,
                    count=count,
                    seconds=bench.amounts.memory_step_seconds,
                )
                done += len(load.latencies)
                taken.append((done, resident_mb(server.pid)))
                say(f"memory: {kind}, {taken[-1][0]:,} resolves, {taken[-1][1]:.1f} MB")
                if load.refused:
                    bench.report.problems.append(f"memory: {load.refused} resolves were refused")
    what = f"data plane, {kind}"
    bench.report.add(
        NAME, f"{what}: after {taken[0][0]:,} resolves", taken[0][1], "MB", of="resident, the worker"
    )
    of = f"resident, the worker; {taken[-1][1]:.1f} MB at the end"
    grown = taken[-1][1] - taken[0][1]
    bench.report.add(NAME, f"{what}: more after {taken[-1][0]:,}", grown, "MB", of=of, goal=_FLAT)
    bench.report.details["memory"] = taken
