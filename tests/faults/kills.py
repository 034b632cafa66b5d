"""kill -9: at moments drawn from a seed, and at every write a workload makes."""

import random
from collections.abc import Iterable, Iterator
from itertools import repeat

from sqlmodel import select

from keyportal.persistence.tables import CredentialRow
from tests.faults.children import Child, writes_of
from tests.faults.figures import Figure
from tests.faults.inspection import inspect
from tests.faults.places import EMPTY, NEWEST, SQLITE, Place, Places

# How many acts a run is, and the schema it begins at.
AMOUNTS = {
    "create": 6,
    "edit": 6,
    "delete": 4,
    "import": 3,
    "resolve": 10,
    "desk": 1,
    "rotate": 2,
    "backup": 2,
    "migrate": 1,
    "start": 1,
}
# These can be done once to a database, and each needs one of its own.
ONCE = {"migrate": "0003", "start": EMPTY}
# Everything is looked at after each kill: a database that grew old would be slow to look at.
_KILLS_OF_ONE = 25
_MANY_WRITES = ("delete", "rotate", "backup")
# What can be done once may be over before its moment: then it is tried anew, so many times at most.
_TRIES = 4
# More than anybody does before he is stopped.
WITHOUT_END = 1_000_000


def kill_at_random(places: Places, kind: str, workload: str, kills: int, seed: int) -> Figure:
    """Kill a workload so often in the middle of its work, at moments drawn from the seed; look after each."""
    figure = Figure(workload, "kill -9 at a random moment", kind)
    moments, took = random.Random(f"{seed} {kind} {workload}"), 0.0
    for number, place in enumerate(_in_turn(places, kind, workload)):
        with Child(place, ids=ids_of(place, workload)) as child:
            make_ready(child, workload)
            if number == 0:
                # Nobody disturbs the first one: it says how long the work takes.
                took = child.do(workload, AMOUNTS[workload])
            else:
                child.tell(workload, 1 if workload in ONCE else WITHOUT_END)
                child.listen(moments.random() * took)
            figure_after(figure, place, mid_work=child.kill())
        if figure.mid_work == kills or figure.runs > _TRIES * kills:
            break
    places.forget()
    return figure


def kill_at_each_write(places: Places, workload: str, samples: int | None = None) -> Figure:
    """Kill a workload on SQLite at its n-th write, for every n or so many of them."""
    figure = Figure(workload, "kill -9 at each write", SQLITE)
    for call, number in chosen(all_writes(places, workload), samples):
        place = places.new(SQLITE, ONCE.get(workload, NEWEST))
        with Child(place, ids=ids_of(place, workload)) as child:
            make_ready(child, workload)
            inject = f"inject={call}:signal=KILL:when={number}"
            with child.traced("-o", "/dev/null", "-e", f"trace={call}", "-e", inject):
                child.tell(workload, few(workload))
                child.listen(30.0)
            mid_work = child.kill()
        figure_after(figure, place, mid_work=mid_work)
        places.forget()
    return figure


def make_ready(child: Child, workload: str) -> None:
    """Open everything before the act, unless that is the act."""
    if workload not in ONCE:
        child.do("prepare")


def figure_after(figure: Figure, place: Place, *, mid_work: bool) -> None:
    acknowledged = len(place.ledger.acknowledged)
    figure.add(inspect(place), mid_work=mid_work, acknowledged=acknowledged)


def ids_of(place: Place, workload: str) -> list[tuple[str, str]]:
    """Return the keys of one person by their names, for a workload that changes what is there."""
    if workload != "edit":
        return []
    portal = place.open()
    with portal.database.reading() as session:
        rows = session.exec(select(CredentialRow).where(CredentialRow.ownership == "user")).all()
        found = sorted((row.name, row.id) for row in rows if row.deleted_at is None)
    portal.close()
    return found


def _in_turn(places: Places, kind: str, workload: str) -> Iterator[Place]:
    each = 1 if workload in ONCE else _KILLS_OF_ONE
    while True:
        place = places.new(kind, ONCE.get(workload, NEWEST))
        yield from repeat(place, each)
        places.forget()


def few(workload: str) -> int:
    """Return how many acts a run has that is repeated for every write it makes."""
    return 1 if workload in _MANY_WRITES else min(2, AMOUNTS[workload])


def all_writes(places: Places, workload: str) -> list[tuple[str, int]]:
    place = places.new(SQLITE, ONCE.get(workload, NEWEST))
    with Child(place, ids=ids_of(place, workload)) as child:
        make_ready(child, workload)
        counted = writes_of(child, workload, few(workload), place.folder)
    found = [(call, number) for call, total in sorted(counted.items()) for number in range(1, total + 1)]
    # The last is one that is never made: the workload survives.
    return [*found, ("pwrite64", 2 * counted["pwrite64"] + 1)]


def chosen(writes: list[tuple[str, int]], samples: int | None) -> Iterable[tuple[str, int]]:
    """Return all, or so many spread evenly from the first to the last."""
    if samples is None or samples >= len(writes):
        return writes
    return [writes[number * (len(writes) - 1) // (samples - 1)] for number in range(samples)]
