"""POST /api/resolve/{provider} beside a constant route: short rounds of one and the other in turns."""

from dataclasses import dataclass, field
from statistics import median

from benchmarks import http_load
from benchmarks.bench import Bench, say
from benchmarks.constant import PATH
from benchmarks.databases import POSTGRESQL, SQLITE
from benchmarks.deployments import DATA_PLANE, UI, Deployment
from benchmarks.figures import Goal
from benchmarks.http_load import Load, request_of
from benchmarks.quantiles import quantile, ratio_of_medians, spread
from benchmarks.seeding import AGENTS, PROVIDERS, one_request, spread_requests, with_body
from benchmarks.servers import Server

NAME = "resolve"
_GOALS = {
    (DATA_PLANE, SQLITE, 32): Goal(0.60),
    (UI, SQLITE, 32): Goal(0.35),
    (DATA_PLANE, POSTGRESQL, 32): Goal(0.45),
}
_LATENCY_GOALS = {(DATA_PLANE, SQLITE, 1): Goal(3, at_least=False)}
_SPREAD_CONNECTIONS = 32
_PLAIN = "1 agent key"
_WITHOUT_BODY = request_of("POST", PATH, "kpa_" + "x" * 51)
_WITH_BODY = request_of("POST", PATH, "kpa_" + "x" * 51, b'{"provider":"openai"}')


@dataclass
class _Rounds:
    """The rounds of one case: rates a second, and median and 99th percentile of latency in µs."""

    rates: list[float] = field(default_factory=list)
    medians: list[float] = field(default_factory=list)
    p99s: list[float] = field(default_factory=list)
    refused: int = 0

    def add(self, load: Load) -> None:
        self.rates.append(load.per_second)
        self.medians.append(median(load.latencies) * 1e6)
        self.p99s.append(quantile(load.latencies, 0.99) * 1e6)
        self.refused += load.refused


def run(bench: Bench) -> None:
    for kind in bench.kinds:
        with bench.deployment(kind) as made:
            with made.opened() as portal:
                one, several = one_request(portal), spread_requests(portal)
            for process in (DATA_PLANE, UI):
                _measure(bench, made, process, one, several)


def _measure(bench: Bench, made: Deployment, process: str, one: list[bytes], several: list[bytes]) -> None:
    cases = [(one, connections, _PLAIN) for connections in bench.amounts.connections]
    cases.append(([with_body(one[0])], _SPREAD_CONNECTIONS, "1 agent key, asked with a body"))
    words = f"{AGENTS} agent keys x {len(PROVIDERS)} providers"
    cases.append((several, _SPREAD_CONNECTIONS, words))
    with bench.beside_constant(made, process) as (server, constant):
        _report_first(bench, made, process, http_load.run(server.port, several, 1, count=len(several)))
        for requests, connections, words in cases:
            say(f"resolve: {process}, {made.kind}, {connections} connections, {words}")
            base, resolved = _interleaved(bench, server, constant, requests, connections)
            _report(bench, (process, made.kind, connections), words, base, resolved)


def _report_first(bench: Bench, made: Deployment, process: str, load: Load) -> None:
    """Tell what the first resolve of each agent key for each provider takes, with nothing in memory."""
    taken = [latency * 1000 for latency in load.latencies]
    of = f"{len(taken)} first resolves, one after the other; 95 of 100 within {quantile(taken, 0.95):.1f} ms"
    bench.report.add(NAME, f"{process}, {made.kind}, first of each: latency", median(taken), "ms", of=of)


def _interleaved(
    bench: Bench, server: Server, constant: Server, requests: list[bytes], connections: int
) -> tuple[_Rounds, _Rounds]:
    base, resolved, seconds = _Rounds(), _Rounds(), bench.amounts.round_seconds
    constants = [_WITHOUT_BODY if requests[0].endswith(b"\r\n\r\n") else _WITH_BODY]
    # Without counting: everything was answered before, here and there.
    http_load.run(constant.port, constants, connections, seconds=seconds / 3)
    http_load.run(server.port, requests, connections, count=2 * max(len(requests), connections))
    for _ in range(bench.amounts.rounds):
        base.add(http_load.run(constant.port, constants, connections, seconds=seconds))
        resolved.add(http_load.run(server.port, requests, connections, seconds=seconds))
    return base, resolved


def _report(bench: Bench, case: tuple[str, str, int], words: str, base: _Rounds, resolved: _Rounds) -> None:
    process, kind, connections = case
    what = f"{process}, {kind}, {connections} conn., {words}"
    ratio = ratio_of_medians(resolved.rates, base.rates)
    low, high = spread(resolved.rates, base.rates)
    rates = f"{median(resolved.rates):,.0f}/s of the constant route's {median(base.rates):,.0f}/s"
    of = f"{rates}; rounds {low:.2f}-{high:.2f}"
    is_plain = words == _PLAIN
    bench.report.add(NAME, f"{what}: rate", ratio, "x", of=of, goal=_GOALS.get(case) if is_plain else None)
    slower = ratio_of_medians(resolved.medians, base.medians)
    latency = f"median {median(resolved.medians):,.0f} of {median(base.medians):,.0f} µs"
    latency += f"; 99th percentile {median(resolved.p99s):,.0f} µs"
    goal = _LATENCY_GOALS.get(case) if is_plain else None
    bench.report.add(NAME, f"{what}: latency", slower, "x", of=latency, goal=goal)
    bench.report.details[f"resolve: {what}"] = {"constant": vars(base), "resolve": vars(resolved)}
    if resolved.refused or base.refused:
        bench.report.problems.append(f"{what}: {resolved.refused} resolves were not answered with a key")
