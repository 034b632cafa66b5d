"""Starting children, hearing what they say, and what can be done to them: kills and failing system calls."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from tests.faults import workloads
from tests.faults.places import Place

# How SQLite writes. A ledger's lines are sent by `write`, which is left alone.
WRITES = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink")
_PATIENCE_S = 60.0
_FAREWELL_S = 3.0
_runs = count()


@cache
def _forks() -> Any:
    """A process that has loaded everything, and forks a child in a few milliseconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.workloads"])
    return context


class Child:
    """A process that works on a place. A context manager: it does not outlive its block."""

    def __init__(self, place: Place, *, ids: list[tuple[str, str]] | None = None, **knobs: Any) -> None:
        self.place = place
        self._line, theirs = _forks().Pipe()
        told = {
            "folder": str(place.folder),
            "settings": place.texts(),
            "encryption_keys": place.ledger.encryption_keys,
            "token": place.token,
            "run": f"run {next(_runs)}",
            "ids": ids or [],
            "knobs": knobs,
        }
        self._process = _forks().Process(target=workloads.main, args=(told, theirs), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def tell(self, order: str, amount: int = 1) -> None:
        self._line.send((order, amount))

    def do(self, order: str, amount: int = 1) -> float:
        """Have it work, and wait until it is done. Returns how long that took."""
        begun = time.monotonic()
        self.tell(order, amount)
        assert self.listen(_PATIENCE_S), f"a child did not finish: {order}"
        return time.monotonic() - begun

    def listen(self, seconds: float, *, acknowledged: int | None = None) -> bool:
        """Hear it until it is done, or gone, or time is up. Returns whether it is done.

        `acknowledged`: or until so many more acts were.
        """
        ledger, until = self.place.ledger, time.monotonic() + seconds
        enough = len(ledger.acknowledged) + acknowledged if acknowledged is not None else None
        while (left := until - time.monotonic()) > 0 and self._line.poll(left):
            try:
                message = self._line.recv()
            except (EOFError, OSError):
                return False
            if message[0] == "done":
                return True
            ledger.take(message)
            if enough is not None and len(ledger.acknowledged) >= enough:
                return False
        return False

    def kill(self) -> bool:
        """kill -9. Returns whether that was in the middle of an act."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def let_go(self) -> bool:
        """Have it end by itself, with nothing more to do."""
        self._line.close()
        self._process.join(_PATIENCE_S)
        assert self._process.exitcode == 0
        return self.place.ledger.end()

    def wait(self) -> bool:
        """Hear the last of it. Returns whether it ended in the middle of an act."""
        self.listen(_PATIENCE_S)
        self._process.join(_PATIENCE_S)
        assert not self._process.is_alive()
        return self.place.ledger.end()

    @property
    def was_killed(self) -> bool:
        return self._process.exitcode == -signal.SIGKILL

    @contextmanager
    def traced(self, *arguments: str) -> Iterator[None]:
        """Have strace follow it: what it is told to inject begins now, and ends with the block."""
        command = ["strace", "-f", "-p", str(self.pid), *arguments]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as strace:
            assert strace.stderr is not None
            first = strace.stderr.readline()
            try:
                assert b"attached" in first, first
                yield
            finally:
                _let_go(strace, self.pid)

    @contextmanager
    def failing(self, call: str, error: str, first: int = 1) -> Iterator[None]:
        """Have a system call fail, from the n-th on."""
        inject = f"inject={call}:error={error}:when={first}+"
        with self.traced("-o", os.devnull, "-e", f"trace={call}", "-e", inject):
            yield

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()
        self._process.kill()
        self._process.join(_PATIENCE_S)


def _let_go(strace: subprocess.Popen[bytes], pid: int) -> None:
    """Have it leave whom it follows, who goes on unharmed."""
    # Of somebody who was killed it may wait for a thread, and would do so for ever.
    strace.send_signal(signal.SIGKILL if _is_gone(pid) else signal.SIGINT)
    try:
        strace.wait(_FAREWELL_S)
    except subprocess.TimeoutExpired:
        strace.kill()


def _is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def writes_of(child: Child, order: str, amount: int, folder: Path) -> Counter[str]:
    """Have a child work, and count how often it writes, by system call."""
    log = folder / "writes.log"
    with child.traced("-o", str(log), "-e", f"trace={','.join(WRITES)}"):
        child.do(order, amount)
    calls = (line.partition("(")[0].split()[-1] for line in log.read_text().splitlines() if "(" in line)
    return Counter(call for call in calls if call in WRITES)


@cache
def why_no_strace() -> str:
    """Return why system calls cannot be made to fail on this machine; empty where they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        try:
            command = ["strace", "-o", os.devnull, "-e", "inject=write:error=EIO", "-p", str(sleeper.pid)]
            with subprocess.Popen(command, stderr=subprocess.PIPE) as strace:
                assert strace.stderr is not None
                first = strace.stderr.readline()
                strace.send_signal(signal.SIGINT)
        finally:
            sleeper.kill()
    return "" if b"attached" in first else "this machine lets nobody trace a process"
