"""kill -9 under load: what was answered is on disk, once, and nothing is there that was not asked for."""

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import text

from benchmarks import http_load
from benchmarks.bench import Bench, say
from benchmarks.deployments import DATA_PLANE, UI, Deployment
from benchmarks.figures import Goal
from benchmarks.seeding import spread_requests
from keyportal.services.audit_verification import verify_chain
from keyportal.services.portal import Portal

NAME = "crash"
_CONNECTIONS = 32
# A server that answers nothing for so long is killed all the same, and proves nothing.
_FIRST_ANSWER_S = 30.0
_EVENTS = text(
    "SELECT uid, details FROM audit_events WHERE action = 'credential.resolve' AND result = 'ok' ORDER BY id"
)
_ALL = Goal(0, at_least=False)


@dataclass
class Ledger:
    """What callers saw over all crashes of one database: the ids they were given, and what they asked for.

    `silent` is 1 where nothing was answered before the latest crash: it proves nothing.
    """

    answered: list[str] = field(default_factory=list)
    sent: int = 0
    silent: int = 0

    def keep(self, body: bytes) -> None:
        self.answered.append(json.loads(body)["resolution_id"])


@dataclass(frozen=True)
class Stored:
    """What the database says after a crash."""

    listed: Counter[str]
    in_days: int
    in_credentials: int
    broken_at: int | None


def resolution_ids(uid: str, count: int) -> list[str]:
    """Return the ids of the resolves one audit event stands for."""
    return [uid, *(f"{uid}-{number}" for number in range(1, count))]


def faults(ledger: Ledger, stored: Stored) -> dict[str, int]:
    """Return how many of each kind of fault there are; all are 0 where nothing is wrong."""
    listed = stored.listed
    total = sum(listed.values())
    return {
        "answered and not in the trail": sum(one not in listed for one in set(ledger.answered)),
        "answered with one id twice": len(ledger.answered) - len(set(ledger.answered)),
        "listed twice in the trail": total - len(listed),
        "in the trail and never asked for": max(0, total - ledger.sent),
        "trail and usage by day differ": abs(total - stored.in_days),
        "trail and counts of keys differ": abs(total - stored.in_credentials),
        "links of the trail that do not hold": 0 if stored.broken_at is None else 1,
        "killed before anything was answered": ledger.silent,
    }


def run(bench: Bench) -> None:
    for kind in bench.kinds:
        for process in (DATA_PLANE, UI):
            with bench.deployment(kind) as made:
                _crash_often(bench, made, process)


def _crash_often(bench: Bench, made: Deployment, process: str) -> None:
    with made.opened() as portal:
        requests = spread_requests(portal, agents=4)
    ledger, found, stored = Ledger(), Counter[str](), Stored(Counter(), 0, 0, None)
    for number in range(bench.amounts.crashes):
        say(f"crash: {process}, {made.kind}, {number + 1} of {bench.amounts.crashes}")
        _crash(bench, made, process, requests, ledger)
        # Opening the portal is what a restart does: it recovers the database's log first.
        with made.opened() as portal:
            stored = _stored(portal)
        found.update(faults(ledger, stored))
    total = sum(stored.listed.values())
    of = f"{bench.amounts.crashes} x kill -9; {len(ledger.answered):,} answered, {total:,} on disk"
    what = f"{process}, {made.kind}: resolves lost, doubled or miscounted"
    bench.report.add(NAME, what, sum(found.values()), of=of, goal=_ALL)
    wrong = {name: number for name, number in found.items() if number}
    if wrong:
        bench.report.problems.append(f"{what}: {wrong}")
    bench.report.details[f"crash: {process}, {made.kind}"] = dict(found)


def _crash(bench: Bench, made: Deployment, process: str, requests: list[bytes], ledger: Ledger) -> None:
    """Load a server until it is killed, once it answers, at a moment nobody chose."""
    server, answered = made.server(process).start(), threading.Event()
    wait = bench.amounts.crash_seconds * (0.2 + 0.8 * secrets.randbelow(1000) / 1000)

    def keep(body: bytes) -> None:
        ledger.keep(body)
        answered.set()

    killer = threading.Thread(target=kill_under_load, args=(server.kill, answered, wait), daemon=True)
    killer.start()
    try:
        load = http_load.run(server.port, requests, _CONNECTIONS, keep=keep, may_end=True)
    finally:
        killer.join()
    ledger.sent += load.sent
    ledger.silent = int(not answered.is_set())
    if load.refused:
        bench.report.problems.append(f"crash: {load.refused} resolves were refused: {dict(load.statuses)}")


def kill_under_load(kill: Callable[[], None], answered: threading.Event, wait: float) -> None:
    """Kill so long after the first answer: a server that is killed before it has nothing to lose."""
    answered.wait(_FIRST_ANSWER_S)
    time.sleep(wait)
    kill()


def _stored(portal: Portal) -> Stored:
    with portal.database.reading() as session:
        connection = session.connection()
        listed: Counter[str] = Counter()
        for uid, details in connection.execute(_EVENTS):
            told = json.loads(details) if isinstance(details, str) else details
            listed.update(resolution_ids(uid, told.get("count", 1)))
        in_days, in_credentials = (
            connection.execute(text(query)).scalar() or 0
            for query in ("SELECT sum(count) FROM usage_days", "SELECT sum(usage_count) FROM credentials")
        )
    return Stored(listed, int(in_days), int(in_credentials), verify_chain(portal).broken_at)
