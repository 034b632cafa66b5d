"""How much memory a server and its children take, from /proc. Linux only: elsewhere nothing is told."""

from pathlib import Path


def resident_mb(pid: int) -> float:
    """Return the resident memory of the largest process of a server, in MB."""
    return max((_field(one, "status", "VmRSS:") for one in _family(pid)), default=0.0)


def proportional_mb(pid: int) -> float:
    """Return the memory of the server and its children, with what they share counted once, in MB."""
    return sum(_field(one, "smaps_rollup", "Pss:") for one in _family(pid))


def _family(pid: int) -> list[int]:
    children = [
        int(child)
        for file in Path(f"/proc/{pid}/task").glob("*/children")
        for child in file.read_text().split()
    ]
    return [pid, *(one for child in children for one in _family(child))]


def _field(pid: int, file: str, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)
