"""Writes that fail while the process lives: a full disk, a broken one, a file that may only be read, a lock.

Nothing is lost, lists still work, and as soon as it is over everything goes on without a restart.
"""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager

from tests.faults.children import Child
from tests.faults.figures import Figure
from tests.faults.inspection import inspect
from tests.faults.kills import ONCE, all_writes, chosen, few, figure_after, ids_of, make_ready
from tests.faults.places import NEWEST, SQLITE, Place, Places

_BUSY_MS = 100
Fault = Callable[[Child], AbstractContextManager[None]]


@contextmanager
def _file_limit(child: Child) -> Iterator[None]:
    """No file may grow any more: what a quota does."""
    child.tell("file size", 4096)
    yield
    child.tell("file size", resource.RLIM_INFINITY)


@contextmanager
def _locked(child: Child) -> Iterator[None]:
    """Another program writes for longer than anybody waits."""
    with closing(sqlite3.connect(child.place.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


FAULTS: dict[str, Fault] = {
    "disk full": lambda child: child.failing("pwrite64", "ENOSPC"),
    "disk full in the middle": lambda child: child.failing("pwrite64", "ENOSPC", first=4),
    "disk broken": lambda child: child.failing("pwrite64", "EIO"),
    "disk does not take it": lambda child: child.failing("fdatasync", "EIO"),
    "file may only be read": lambda child: child.failing("pwrite64", "EROFS"),
    "file-size limit": _file_limit,
    "locked by another": _locked,
}
# These need no strace.
PLAIN = ("file-size limit", "locked by another")


def refuse_writes(places: Places, workload: str, fault: str) -> Figure:
    """Work, have every write fail for a while, and work on in the same process."""
    figure = Figure(workload, fault, SQLITE)
    place = places.new(SQLITE)
    ledger = place.ledger
    with Child(place, ids=ids_of(place, workload), busy_timeout_ms=_BUSY_MS, desk_patience_s=0.2) as child:
        child.do("prepare")
        child.do(workload, 2)
        with FAULTS[fault](child):
            child.do(workload, 2)
            refused = len(ledger.refused)
            child.do("read")
            figure.problems += ["nothing could be read meanwhile"] * (len(ledger.refused) - refused)
        before, since = len(ledger.acknowledged), len(ledger.refused)
        child.do(workload, 2)
        if len(ledger.refused) > since or len(ledger.acknowledged) == before:
            figure.problems.append("it did not go on afterwards")
        figure.remarks += sorted(set(ledger.refused))
        child.kill()
    # Hit in the middle of its work, here: somebody was refused.
    figure_after(figure, place, mid_work=bool(refused))
    places.forget()
    return figure


def fail_each_write(places: Places, workload: str, error: str, samples: int | None = None) -> Figure:
    """Have the n-th write of a workload fail, and no other, for every n or so many of them."""
    figure = Figure(workload, f"{error} at each write", SQLITE)
    for call, number in chosen(all_writes(places, workload), samples):
        place = places.new(SQLITE, ONCE.get(workload, NEWEST))
        with Child(place, ids=ids_of(place, workload)) as child:
            make_ready(child, workload)
            inject = f"inject={call}:error={error}:when={number}"
            with child.traced("-o", "/dev/null", "-e", f"trace={call}", "-e", inject):
                child.do(workload, few(workload))
            refused = len(place.ledger.refused)
            child.do(workload, 1)
            if len(place.ledger.refused) > refused:
                figure.problems.append("it did not go on afterwards")
            child.kill()
        figure_after(figure, place, mid_work=bool(refused))
        places.forget()
    return figure


def kill_while_full(places: Places, workload: str) -> Figure:
    """Kill a process whose writes fail: nothing of what was refused comes to life in parts."""
    figure = Figure(workload, "disk full, then kill -9", SQLITE)
    place: Place = places.new(SQLITE)
    for first in (1, 2, 3, 5, 8):
        with Child(place, ids=ids_of(place, workload), busy_timeout_ms=_BUSY_MS) as child:
            child.do("prepare")
            child.do(workload, 1)
            with child.failing("pwrite64", "ENOSPC", first=first):
                child.do(workload, 2)
                refused = bool(place.ledger.refused)
                child.kill()
        acknowledged = len(place.ledger.acknowledged)
        figure.add(inspect(place), mid_work=refused, acknowledged=acknowledged)
    places.forget()
    return figure
