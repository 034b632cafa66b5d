"""How much memory a server and its children take, from /proc. Linux only: elsewhere nothing is told."""

from collections.abc import Callable
from pathlib import Path


def worker_mb(pid: int) -> float:
    """Return the resident memory of a server's worker, in MB: the largest, where there are several."""
    return max((_field(one, "status", "VmRSS:") for one in workers(pid)), default=0.0)


def proportional_mb(pid: int) -> float:
    """Return the memory of the server and its children, with what they share counted once, in MB."""
    return sum(_field(one, "smaps_rollup", "Pss:") for one in _family(pid, _children))


def workers(pid: int, children: Callable[[int], list[int]] | None = None) -> list[int]:
    """Return the processes that answer: those that only watch over others have children."""
    found = children or _children
    return [one for one in _family(pid, found) if not found(one)]


def _family(pid: int, children: Callable[[int], list[int]]) -> list[int]:
    return [pid, *(one for child in children(pid) for one in _family(child, children))]


def _children(pid: int) -> list[int]:
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for file in files for child in file.read_text().split()]


def _field(pid: int, file: str, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)
