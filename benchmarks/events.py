"""An event in the UI: from sending it over the websocket to having what it asked for."""

from statistics import median

from benchmarks.bench import Bench, say
from benchmarks.bulk import KEYS_OF_A_PERSON, add_people
from benchmarks.children import Child
from benchmarks.deployments import UI
from benchmarks.quantiles import quantile

NAME = "events"
_LONGEST_S = 120.0


def run(bench: Bench) -> None:
    for kind in bench.kinds:
        with bench.deployment(kind) as made:
            with made.opened() as portal:
                cookies = add_people(portal, bench.amounts.people)
            with made.server(UI) as server:
                for together in (1, bench.amounts.people):
                    say(f"events: {kind}, {together} people")
                    told = {
                        "url": server.url,
                        "cookies": cookies[:together],
                        "seconds": 30,
                        "pause": 0,
                        "acts": max(5, bench.amounts.events // together),
                    }
                    with Child("people", told, made.environment(server.port)) as child:
                        child.wait_until_ready()
                        _report(bench, kind, together, child.result(_LONGEST_S))


def _report(bench: Bench, kind: str, together: int, told: dict) -> None:
    found = [ms for _, ms in told["found"]]
    who = "1 person" if together == 1 else f"{together} people without a pause"
    p95 = quantile(found, 0.95)
    of = f"{len(found)} searches and pages of {KEYS_OF_A_PERSON} keys; 95 of 100 within {p95:.1f} ms"
    bench.report.add(NAME, f"{kind}, {who}: round trip, median", median(found), "ms", of=of)
    if told["unanswered"]:
        bench.report.problems.append(f"events, {kind}: {told['unanswered']} events had no answer")
