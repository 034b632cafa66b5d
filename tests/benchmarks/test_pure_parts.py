"""The parts of the benchmarks that decide something: statistics, the client's parser, what a crash lost."""

import threading
from collections import Counter

import pytest

from benchmarks.__main__ import _amounts, _arguments
from benchmarks.crash import Ledger, Stored, faults, kill_under_load, resolution_ids
from benchmarks.figures import Goal, Report
from benchmarks.http_load import find_answer, request_of
from benchmarks.memory import points
from benchmarks.memory_of import workers
from benchmarks.quantiles import quantile, ratio_of_medians, spread
from benchmarks.servers import granian_flags

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 5), (0.9, 9), (0.91, 10), (1.0, 10)])
def test_a_quantile_is_the_smallest_value_that_so_many_do_not_exceed(share: float, expected: int) -> None:
    assert quantile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share) == expected


def test_ratios_are_of_medians_and_their_spread_is_of_pairs() -> None:
    values, base = [5.0, 1.0, 6.0], [10.0, 10.0, 8.0]
    assert ratio_of_medians(values, base) == 0.5
    assert spread(values, base) == (0.1, 0.75)


def test_an_answer_is_found_once_it_is_whole() -> None:
    whole = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nX: y\r\n\r\nhi"
    assert [find_answer(whole[:end]) for end in range(len(whole))] == [None] * len(whole)
    found = find_answer(whole + b"HTTP/1.1")
    assert found is not None
    assert (found.status, found.body, found.end) == (404, b"hi", len(whole))


def test_an_answer_in_chunks_is_put_together() -> None:
    assert [find_answer(CHUNKED[:end]) for end in range(len(CHUNKED))] == [None] * len(CHUNKED)
    found = find_answer(CHUNKED)
    assert found is not None
    assert (found.status, found.body, found.end) == (200, b"abcde", len(CHUNKED))


def test_a_request_says_how_long_it_is_and_who_sends_it() -> None:
    lines = request_of("POST", "/api/resolve", "token", b"{}").split(b"\r\n")
    assert lines[0] == b"POST /api/resolve HTTP/1.1"
    assert {b"Content-Length: 2", b"Authorization: Bearer token"} < set(lines)
    assert lines[-1] == b"{}"


def test_the_ids_of_one_event_are_its_own_and_numbered_ones() -> None:
    assert resolution_ids("u", 1) == ["u"]
    assert resolution_ids("u", 3) == ["u", "u-1", "u-2"]


def test_nothing_is_wrong_where_one_answer_was_cut_off_by_the_crash() -> None:
    stored = Stored(Counter(["a", "a-1", "b"]), in_days=3, in_credentials=3, broken_at=None)
    assert set(faults(Ledger(["a-1", "b"], sent=4), stored).values()) == {0}


@pytest.mark.parametrize(
    ("answered", "sent", "stored", "fault"),
    [
        (["c"], 2, Stored(Counter("ab"), 2, 2, None), "answered and not in the trail"),
        (["a", "a"], 2, Stored(Counter("ab"), 2, 2, None), "answered with one id twice"),
        (["a"], 2, Stored(Counter("aa"), 2, 2, None), "listed twice in the trail"),
        (["a"], 1, Stored(Counter("ab"), 2, 2, None), "in the trail and never asked for"),
        (["a"], 2, Stored(Counter("ab"), 1, 2, None), "trail and usage by day differ"),
        (["a"], 2, Stored(Counter("ab"), 2, 3, None), "trail and counts of keys differ"),
        (["a"], 2, Stored(Counter("ab"), 2, 2, 7), "links of the trail that do not hold"),
    ],
)
def test_each_fault_of_a_crash_is_seen(answered: list[str], sent: int, stored: Stored, fault: str) -> None:
    found = faults(Ledger(answered, sent), stored)
    assert {name: number for name, number in found.items() if number} == {fault: 1}


def test_a_crash_before_the_first_answer_is_a_failure_and_no_success() -> None:
    found = faults(Ledger(sent=32, silent=1), Stored(Counter(), 0, 0, None))
    assert {name: number for name, number in found.items() if number} == {
        "killed before anything was answered": 1
    }


def test_a_server_is_killed_after_its_first_answer() -> None:
    done: list[str] = []

    class Answered(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            done.append("answered")
            return True

    kill_under_load(lambda: done.append("killed"), Answered(), 0)
    assert done == ["answered", "killed"]


def test_memory_is_looked_at_after_the_first_the_last_and_in_equal_steps() -> None:
    found = points(10_000, 1_000_000)
    assert (found[0], found[1], found[-1], len(found)) == (10_000, 59_500, 1_000_000, 21)


def test_a_worker_is_a_process_that_watches_over_no_other() -> None:
    children = {1: [2, 3], 2: [], 3: [4], 4: []}
    assert workers(1, children.__getitem__) == [2, 4]
    assert workers(2, children.__getitem__) == [2]


def test_so_many_resolves_as_are_asked_for_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments, expected in (
        ([], (10_000, 1_000_000)),
        (["--quick"], (10_000, 50_000)),
        (["--quick", "--resolves", "2000000"], (10_000, 2_000_000)),
        (["--resolves", "5000"], (500, 5_000)),
    ):
        monkeypatch.setattr("sys.argv", ["benchmarks", "memory", *arguments])
        amounts = _amounts(_arguments())
        assert (amounts.memory_first, amounts.memory_last) == expected


def test_the_constant_route_is_run_as_the_server_beside_it() -> None:
    command = (
        "python /v/bin/granian --interface asgi --factory keyportal.keyportal:app --host ::1 --port 3000"
    )
    line = [*command.split(), "--workers", "1", "--no-access-log"]
    assert granian_flags(line) == ["--interface", "asgi", "--workers", "1", "--no-access-log"]
    assert granian_flags(["python", "-m", "keyportal"]) == []


def test_the_table_shows_each_figure_with_its_goal_and_every_problem() -> None:
    report = Report({"cores": 2}, problems=["it broke"])
    report.add("resolve", "rate", 0.61, "x", of="of the constant route", goal=Goal(0.6))
    report.add("size", "rate lost", 12, "%", goal=Goal(10, at_least=False, unit="%"))
    table = report.table()
    assert "0.61 x  of the constant route  >= 0.60  met" in table
    assert "<= 10 %  missed" in table
    assert "NOT RIGHT: it broke" in table
