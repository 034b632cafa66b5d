"""Several processes that start on an empty database at the same moment: one makes it, all of them serve."""

from contextlib import ExitStack

from tests.faults.children import Child
from tests.faults.figures import Figure
from tests.faults.kills import figure_after
from tests.faults.places import EMPTY, Places

_TOGETHER = 2


def start_together(places: Places, kind: str, rounds: int) -> Figure:
    figure = Figure("start", f"{_TOGETHER} at once", kind)
    for _ in range(rounds):
        place = places.new(kind, EMPTY)
        with ExitStack() as children:
            starting = [children.enter_context(Child(place)) for _ in range(_TOGETHER)]
            for child in starting:
                child.do("get up")
            for child in starting:
                child.tell("start")
            for child in starting:
                child.listen(60.0)
            # Each of them was in the middle of the other's work.
            together = len(place.ledger.acknowledged) == _TOGETHER
            for child in starting:
                child.kill()
        if not together:
            figure.problems.append("one of them could not start")
        figure_after(figure, place, mid_work=together)
    places.forget()
    return figure
