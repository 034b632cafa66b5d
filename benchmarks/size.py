"""Does a large database slow resolves down: a nearly empty one and a full one, loaded in turns."""

from contextlib import ExitStack
from statistics import median

from benchmarks import http_load
from benchmarks.bench import Bench, say
from benchmarks.bulk import add_rows_among, add_users
from benchmarks.deployments import DATA_PLANE, Deployment
from benchmarks.figures import Goal
from benchmarks.quantiles import ratio_of_medians
from benchmarks.seeding import add_person, spread_requests
from benchmarks.servers import Server

NAME = "size"
_GOAL = Goal(10, at_least=False, unit="%")


def run(bench: Bench) -> None:
    for kind in bench.kinds:
        with bench.deployment(kind) as empty, bench.deployment(kind) as full:
            say(f"size: filling {kind} with {bench.amounts.credentials:,} credentials")
            requests = [_filled(bench, made, is_full=made is full) for made in (empty, full)]
            with ExitStack() as servers:
                running = [servers.enter_context(made.server(DATA_PLANE)) for made in (empty, full)]
                _measure_first(bench, kind, running, requests)
                for connections in (32, 1):
                    say(f"size: {kind}, {connections} connections")
                    _measure(bench, kind, running, requests, connections)


def _filled(bench: Bench, made: Deployment, *, is_full: bool) -> list[bytes]:
    with made.opened() as portal:
        if is_full:
            add_users(portal, bench.amounts.users, "copy")
            person = add_person(portal, "filler")
            add_rows_among(portal, person, bench.amounts.credentials, "copy", bench.amounts.users)
        return spread_requests(portal)


def _measure_first(bench: Bench, kind: str, servers: list[Server], requests: list[list[bytes]]) -> None:
    """Compare the first resolve of each agent key for each provider, for which the database is asked."""
    first = [
        median(http_load.run(server.port, wanted, 1, count=len(wanted)).latencies) * 1000
        for server, wanted in zip(servers, requests, strict=True)
    ]
    of = f"median {first[1]:.2f} ms of {first[0]:.2f} ms"
    what = f"data plane, {kind}, first of each: latency added"
    bench.report.add(NAME, what, (first[1] / first[0] - 1) * 100, "%", of=of)


def _measure(
    bench: Bench, kind: str, servers: list[Server], requests: list[list[bytes]], connections: int
) -> None:
    rates: list[list[float]] = [[], []]
    medians: list[list[float]] = [[], []]
    for _ in range(bench.amounts.size_rounds):
        for number in (0, 1):
            load = http_load.run(
                servers[number].port,
                requests[number],
                connections,
                seconds=bench.amounts.round_seconds,
            )
            rates[number].append(load.per_second)
            medians[number].append(median(load.latencies) * 1e6)
    what = f"data plane, {kind}, {connections} conn., 32 agent keys x 8 providers"
    filled = f"{bench.amounts.credentials:,} credentials and {bench.amounts.users:,} users"
    lost = (1 - ratio_of_medians(rates[1], rates[0])) * 100
    of = f"{median(rates[1]):,.0f}/s with {filled}, of {median(rates[0]):,.0f}/s without"
    bench.report.add(NAME, f"{what}: rate lost", lost, "%", of=of, goal=_GOAL)
    more = (ratio_of_medians(medians[1], medians[0]) - 1) * 100
    of = f"median {median(medians[1]):,.0f} µs of {median(medians[0]):,.0f} µs"
    bench.report.add(NAME, f"{what}: latency added", more, "%", of=of, goal=_GOAL)
