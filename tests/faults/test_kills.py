"""kill -9 in the middle of the work, at moments drawn from a seed and at writes."""

import pytest

from tests.faults.kills import AMOUNTS, kill_at_each_write, kill_at_random
from tests.faults.places import KINDS, Places

_SEED = 20261122
_KILLS, _WRITES = 3, 6


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("workload", AMOUNTS)
def test_what_was_acknowledged_outlives_a_kill(places: Places, workload: str, kind: str) -> None:
    assert kill_at_random(places, kind, workload, _KILLS, _SEED).verdict() == []


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("workload", AMOUNTS)
def test_a_kill_at_any_write_leaves_a_whole_act_or_none(places: Places, workload: str) -> None:
    assert kill_at_each_write(places, workload, _WRITES).verdict() == []
