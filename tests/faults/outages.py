"""PostgreSQL goes away in the middle of the work and comes back: stopped, crashed, frozen, cut off."""

from collections.abc import Callable

from tests.faults.children import Child
from tests.faults.figures import Figure
from tests.faults.kills import WITHOUT_END, figure_after, ids_of
from tests.faults.places import POSTGRESQL, Place, Places
from tests.faults.postgres import Server

_BACK_WITHIN_S = 45.0
# Longer than the portal waits for a server that says nothing: it gives up, and the server goes on later.
LONG = "frozen for half a minute"
_AWAY_S, _LONG_S = 0.15, 30.0
Outage = Callable[[Server, Place, Callable[[], None]], None]


def _stopped(server: Server, place: Place, meanwhile: Callable[[], None]) -> None:
    server.stop("fast")
    meanwhile()
    server.start()


def _crashed(server: Server, place: Place, meanwhile: Callable[[], None]) -> None:
    server.stop("immediate")
    meanwhile()
    server.start()


def _worker_killed(server: Server, place: Place, meanwhile: Callable[[], None]) -> None:
    server.kill_a_worker()
    meanwhile()


def _frozen(server: Server, place: Place, meanwhile: Callable[[], None]) -> None:
    server.freeze()
    try:
        meanwhile()
    finally:
        server.thaw()


def _cut(server: Server, place: Place, meanwhile: Callable[[], None]) -> None:
    assert server.cut_connections(place.database_name)
    meanwhile()


OUTAGES: dict[str, Outage] = {
    "stopped": _stopped,
    "crashed": _crashed,
    "kill -9 of one of its processes": _worker_killed,
    "frozen": _frozen,
    "connections cut": _cut,
    LONG: _frozen,
}


def go_away(places: Places, workload: str, outage: str, times: int = 1) -> Figure:
    """Work while PostgreSQL goes away and comes back, in one process that nobody restarts."""
    figure = Figure(workload, f"PostgreSQL {outage}", POSTGRESQL)
    place = places.new(POSTGRESQL)
    places.server.checkpoint()
    for _ in range(times):
        with Child(place, ids=ids_of(place, workload)) as child:
            child.do("prepare")
            _once(figure, child, place, places.server, outage, workload)
    places.forget()
    return figure


def _once(figure: Figure, child: Child, place: Place, server: Server, outage: str, workload: str) -> None:
    ledger = place.ledger
    child.tell(workload, WITHOUT_END)
    child.listen(_BACK_WITHIN_S, acknowledged=3)
    hit: list[bool] = []

    def meanwhile() -> None:
        child.listen(_LONG_S if outage == LONG else _AWAY_S)
        hit.append(bool(ledger.refused or ledger.under_way))

    OUTAGES[outage](server, place, meanwhile)
    before = len(ledger.acknowledged)
    child.listen(_BACK_WITHIN_S, acknowledged=5)
    if len(ledger.acknowledged) < before + 5:
        figure.problems.append("it did not go on when the database was back")
    child.tell("stop")
    assert child.listen(_BACK_WITHIN_S), "a child did not stop"
    figure.remarks += sorted(set(ledger.refused))
    child.let_go()
    figure_after(figure, place, mid_work=any(hit))
