"""Does memory stay flat: the data plane's worker after ten thousand resolves, and after a million."""

import time

from benchmarks import http_load
from benchmarks.bench import Bench, say
from benchmarks.deployments import DATA_PLANE
from benchmarks.figures import Goal
from benchmarks.memory_of import worker_mb
from benchmarks.seeding import spread_requests
from benchmarks.servers import Server

NAME = "memory"
_CONNECTIONS = 32
_STEPS = 20
_FLAT = Goal(10, at_least=False, unit="MB")
# After how many resolves, and how many MB then.
Taken = list[tuple[int, float]]


def run(bench: Bench) -> None:
    for kind in bench.kinds:
        with bench.deployment(kind) as made:
            with made.opened() as portal:
                requests = spread_requests(portal)
            taken: Taken = []
            with made.server(DATA_PLANE) as server:
                try:
                    _load(bench, kind, server, requests, taken)
                finally:
                    # A million takes minutes: whoever interrupts it has what was measured until then.
                    _report(bench, kind, taken)


def _load(bench: Bench, kind: str, server: Server, requests: list[bytes], taken: Taken) -> None:
    last, began = bench.amounts.memory_last, time.monotonic()
    for wanted in points(bench.amounts.memory_first, last):
        done = taken[-1][0] if taken else 0
        load = http_load.run(server.port, requests, _CONNECTIONS, count=wanted - done)
        done += len(load.latencies)
        taken.append((done, worker_mb(server.pid)))
        left = (time.monotonic() - began) / done * max(0, last - done)
        say(f"memory: {kind}, {done:,} of {last:,} resolves, {taken[-1][1]:.1f} MB; about {left:.0f} s more")
        if load.refused:
            bench.report.problems.append(f"memory, {kind}: {load.refused} resolves were refused")


def points(first: int, last: int) -> list[int]:
    """Return after how many resolves to look: after the first ones, then in equal steps up to the last."""
    return [first + (last - first) * step // _STEPS for step in range(_STEPS + 1)]


def _report(bench: Bench, kind: str, taken: Taken) -> None:
    if len(taken) < 2:
        return
    (early, at_first), (late, at_last) = taken[0], taken[-1]
    what, of = f"data plane, {kind}", "resident, the worker"
    bench.report.add(NAME, f"{what}: after {early:,} resolves", at_first, "MB", of=of)
    of = f"{of}; {at_last:.1f} MB at the end"
    bench.report.add(NAME, f"{what}: more after {late:,}", at_last - at_first, "MB", of=of, goal=_FLAT)
    bench.report.details[f"memory: {kind}"] = taken
