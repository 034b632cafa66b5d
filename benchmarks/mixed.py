"""Resolves at a steady rate while people work: imports, tests of keys, searching and paging in the UI."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

import httpx

from benchmarks.amounts import RATE
from benchmarks.bench import Bench, say
from benchmarks.bulk import add_people
from benchmarks.children import Child
from benchmarks.deployments import DATA_PLANE, UI, Deployment
from benchmarks.figures import Goal
from benchmarks.quantiles import quantile
from benchmarks.seeding import add_key, add_owner, one_request
from benchmarks.servers import Server
from keyportal.services.portal import Portal
from tests.fakes.fake_provider import FakeProvider

NAME = "mixed"
_GOAL = Goal(20, at_least=False, unit="ms")
# A person looks at what came before they go on.
_PAUSE_S = 1.0
_TESTS_AT_ONCE = 8
_LONGEST_S = 120.0


@dataclass(frozen=True)
class _Cast:
    requests: list[bytes]
    importer: str
    tester: str
    tested: list[str]
    cookies: list[str]


@dataclass
class _Meanwhile:
    """What else went on: the span of each act on the clock all processes share, and what was refused."""

    imports: list[tuple[float, float]] = field(default_factory=list)
    tests: list[tuple[float, float]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def run(bench: Bench) -> None:
    for kind in bench.kinds:
        for process in (UI, DATA_PLANE):
            with FakeProvider() as provider:
                models = {"object": "list", "data": [{"id": "gpt-4o", "object": "model"}]}
                provider.answer(200, models)
                address = f"{provider.url}/v1"
                settings = {"KEYPORTAL_BASE_URL_OPENAI": address, "KEYPORTAL_TESTS_PER_MINUTE": "10000"}
                with bench.deployment(kind, **settings) as made:
                    _measure(bench, made, process)


def _measure(bench: Bench, made: Deployment, process: str) -> None:
    with made.opened() as portal:
        cast = _cast(bench, portal)
    with ExitStack() as ends:
        pages = ends.enter_context(made.server(UI))
        server = pages if process == UI else ends.enter_context(made.server(process))
        say(f"mixed: {process}, {made.kind}, alone")
        with _steadily(server, cast, bench.amounts.steady_seconds / 3) as calm:
            alone = calm.result(_LONGEST_S)
        say(f"mixed: {process}, {made.kind}, with all the rest")
        people = ends.enter_context(_people(bench, made, pages, cast))
        people.wait_until_ready()
        steady = ends.enter_context(_steadily(server, cast, bench.amounts.steady_seconds))
        steady.wait_until_ready()
        meanwhile = _work(bench, pages, cast)
        found, acts = steady.result(_LONGEST_S), people.result(_LONGEST_S)
    _report(bench, f"{process}, {made.kind}", alone, found, meanwhile, acts)


def _cast(bench: Bench, portal: Portal) -> _Cast:
    importer, tester = add_owner(portal, "importer"), add_owner(portal, "tester")
    tested = [
        add_key(portal, tester.principal, "openai", f"Tested {number}")
        for number in range(bench.amounts.tests)
    ]
    cookies = add_people(portal, bench.amounts.people)
    return _Cast(one_request(portal), importer.token, tester.token, tested, cookies)


def _steadily(server: Server, cast: _Cast, seconds: float) -> Child:
    requests = [one.decode() for one in cast.requests]
    told = {"port": server.port, "requests": requests, "rate": RATE, "seconds": seconds}
    return Child("steady_load", told)


def _people(bench: Bench, made: Deployment, pages: Server, cast: _Cast) -> Child:
    # A second more on either side than the resolves take.
    told = {
        "url": pages.url,
        "cookies": cast.cookies,
        "seconds": bench.amounts.steady_seconds + 1,
        "pause": _PAUSE_S,
        "acts": 100_000,
    }
    return Child("people", told, made.environment(pages.port))


def _work(bench: Bench, pages: Server, cast: _Cast) -> _Meanwhile:
    """Import now and then, and test keys from the first import on."""
    done, pause = _Meanwhile(), bench.amounts.steady_seconds / bench.amounts.imports
    time.sleep(min(2.0, pause / 3))
    tests = threading.Thread(target=_test, args=(pages, cast, done))
    tests.start()
    for number in range(bench.amounts.imports):
        began = time.monotonic()
        _import(bench, pages, cast, number, done)
        if number + 1 < bench.amounts.imports:
            time.sleep(max(0.0, pause - (time.monotonic() - began)))
    tests.join()
    return done


def _import(bench: Bench, pages: Server, cast: _Cast, number: int, done: _Meanwhile) -> None:
    names = range(bench.amounts.import_lines)
    text = "".join(f"N{number}K{n}_KEY=value-{number:04d}{n:012d}\n" for n in names)
    began = time.monotonic()
    answer = _post(pages, cast.importer, "/api/api-keys/import", {"text": text})
    done.imports.append((began, time.monotonic()))
    if answer.status_code != 200 or answer.json()["added"] != len(names):
        done.refused.append(f"an import was answered {answer.status_code}")


def _test(pages: Server, cast: _Cast, done: _Meanwhile) -> None:
    def one(credential_id: str) -> None:
        began = time.monotonic()
        answer = _post(pages, cast.tester, f"/api/api-keys/{credential_id}/test", None)
        done.tests.append((began, time.monotonic()))
        if answer.status_code != 200 or answer.json()["outcome"] != "valid":
            done.refused.append(f"a test was answered {answer.status_code}")

    with ThreadPoolExecutor(_TESTS_AT_ONCE) as threads:
        list(threads.map(one, cast.tested))


def _post(pages: Server, token: str, path: str, body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(
        f"http://127.0.0.1:{pages.port}{path}", json=body, headers=headers, timeout=60, trust_env=False
    )


def _report(
    bench: Bench, what: str, alone: list[Any], found: list[Any], meanwhile: _Meanwhile, acts: Any
) -> None:
    add, calm, busy = partial(bench.report.add, NAME), [one[1] for one in alone], [one[1] for one in found]
    of = f"{len(busy):,} resolves at {RATE}/s; alone {quantile(calm, 0.99):.1f} ms"
    add(f"{what}: resolve, 99th percentile", quantile(busy, 0.99), "ms", of=of, goal=_GOAL)
    add(f"{what}: resolve, median", median(busy), "ms", of=f"alone {median(calm):.1f} ms")
    add(f"{what}: resolve, longest", max(busy), "ms", of=f"alone {max(calm):.1f} ms")
    _report_parts(bench, what, found, meanwhile)
    _report_rest(bench, what, meanwhile, [one[1] for one in acts["found"]])
    _tell_problems(bench, what, [*alone, *found], meanwhile, acts)
    spans = {"imports": meanwhile.imports, "tests": meanwhile.tests}
    bench.report.details[f"mixed: {what}"] = {"resolves": found, **spans}


def _report_parts(bench: Bench, what: str, found: list[Any], meanwhile: _Meanwhile) -> None:
    """Tell apart the resolves during an import, during tests, and while only people work."""
    imports, tests = meanwhile.imports, meanwhile.tests
    parts = {
        "during an import": [ms for due, ms, _ in found if _overlaps(due, ms, imports)],
        "during tests alone": [
            ms for due, ms, _ in found if _overlaps(due, ms, tests) and not _overlaps(due, ms, imports)
        ],
        "while only people work": [ms for due, ms, _ in found if not _overlaps(due, ms, imports + tests)],
    }
    for when, latencies in parts.items():
        if latencies:
            of = f"{len(latencies):,} resolves; median {median(latencies):.1f} ms"
            p99 = quantile(latencies, 0.99)
            bench.report.add(NAME, f"{what}: resolve {when}, 99th percentile", p99, "ms", of=of)


def _report_rest(bench: Bench, what: str, meanwhile: _Meanwhile, acts: list[float]) -> None:
    """Tell how long everybody else waited."""
    imports, tests = _ms(meanwhile.imports), _ms(meanwhile.tests)
    of = f"{len(imports)} of {bench.amounts.import_lines:,} lines; longest {max(imports):,.0f} ms"
    bench.report.add(NAME, f"{what}: import, median", median(imports), "ms", of=of)
    of = f"{len(tests)} keys, {_TESTS_AT_ONCE} at once; 95 of 100 within {quantile(tests, 0.95):,.0f} ms"
    bench.report.add(NAME, f"{what}: test of a key, median", median(tests), "ms", of=of)
    of = f"{len(acts)} of {bench.amounts.people} people; 95 of 100 within {quantile(acts, 0.95):,.0f} ms"
    bench.report.add(NAME, f"{what}: act in the UI, median", median(acts), "ms", of=of)


def _tell_problems(bench: Bench, what: str, found: list[Any], meanwhile: _Meanwhile, acts: Any) -> None:
    refused = [status for _, _, status in found if status != 200]
    if refused:
        bench.report.problems.append(
            f"mixed, {what}: {len(refused)} resolves answered {sorted(set(refused))}"
        )
    if acts["unanswered"]:
        bench.report.problems.append(f"mixed, {what}: {acts['unanswered']} acts in the UI had no answer")
    for words in sorted(set(meanwhile.refused)):
        bench.report.problems.append(f"mixed, {what}: {words}, {meanwhile.refused.count(words)} times")


def _overlaps(due: float, ms: float, spans: list[tuple[float, float]]) -> bool:
    """Tell whether a resolve was under way during any of the spans."""
    return any(due <= end and due + ms / 1000 >= began for began, end in spans)


def _ms(spans: list[tuple[float, float]]) -> list[float]:
    return [(end - began) * 1000 for began, end in spans]
