"""The machine and the versions a run was made with."""

import os
import platform
import statistics
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.servers import ROOT
from keyportal.persistence import engine

_PACKAGES = ("granian", "starlette", "fastapi", "reflex", "SQLAlchemy", "psycopg", "uvloop")
_WRITES = 200


def facts(folder: Path) -> dict[str, Any]:
    """Return what a figure cannot be read without; `folder` is where the databases are."""
    import sqlite3

    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "KeyPortal": _revision(),
        "machine": f"{platform.machine()}, {_processor()}, {_memory_gb():.0f} GB, {platform.system()}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load before": f"{os.getloadavg()[0]:.2f}",
        "Python": platform.python_version(),
        "SQLite": f"{sqlite3.sqlite_version}, synchronous={engine.SYNCHRONOUS}, WAL",
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "disk": f"{_fdatasync_us(folder):,.0f} µs for 4 kB and fdatasync in {tempfile.gettempdir()}",
    }


def _fdatasync_us(folder: Path) -> float:
    """Return what it costs to have a little on the disk: near nothing where the folder is in memory."""
    taken = []
    with (folder / "disk").open("wb", buffering=0) as file:
        for _ in range(_WRITES):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - began) * 1e6)
    return statistics.median(taken)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _revision() -> str:
    """Return the commit of the working tree, read without any program."""
    head = ROOT / ".git" / "HEAD"
    if not head.is_file():
        return "unknown"
    text = head.read_text().strip()
    if not text.startswith("ref: "):
        return text[:12]
    file = ROOT / ".git" / text.removeprefix("ref: ")
    return f"{text.rpartition('/')[2]} {file.read_text()[:12] if file.is_file() else ''}".strip()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
