"""Writes that fail while the process lives, and databases that start twice."""

import pytest

from tests.faults.places import KINDS, Places
from tests.faults.refusals import FAULTS, PLAIN, fail_each_write, kill_while_full, refuse_writes
from tests.faults.starts import start_together


@pytest.mark.parametrize("workload", ["create", "resolve"])
@pytest.mark.parametrize("fault", FAULTS)
def test_while_nothing_can_be_written_acts_are_refused_and_afterwards_all_goes_on(
    places: Places, fault: str, workload: str, request: pytest.FixtureRequest
) -> None:
    if fault not in PLAIN:
        request.getfixturevalue("strace")
    assert refuse_writes(places, workload, fault).verdict() == []


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("fault", ["disk full", "disk does not take it"])
def test_resolves_from_memory_are_refused_while_they_cannot_be_counted(places: Places, fault: str) -> None:
    assert refuse_writes(places, "desk", fault).verdict() == []


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("workload", ["import", "rotate", "migrate", "backup"])
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_one_write_that_fails_refuses_one_act(places: Places, workload: str, error: str) -> None:
    assert fail_each_write(places, workload, error, samples=5).verdict() == []


@pytest.mark.usefixtures("strace")
def test_a_full_disk_and_a_kill_after_it_leave_no_part_of_what_was_refused(places: Places) -> None:
    assert kill_while_full(places, "import").verdict() == []


@pytest.mark.parametrize("kind", KINDS)
def test_processes_that_start_together_on_an_empty_database_all_serve_it(places: Places, kind: str) -> None:
    assert start_together(places, kind, rounds=3).verdict() == []
