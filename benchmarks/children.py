"""Load that must not wait for this process: programs of their own, told on stdin, heard on stdout."""

import json
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from benchmarks.servers import ROOT


class Child:
    """`python -m benchmarks.<module>`; what it has to know is not on its command line. A context manager."""

    def __init__(self, module: str, told: Any, environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}"],
            cwd=ROOT,
            env=dict(environment) if environment else None,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told).encode())
        self._process.stdin.close()
        self._module = module

    def wait_until_ready(self) -> None:
        """Wait for the line that says that it begins."""
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError(f"{self._module} ended before it began")

    def result(self, timeout: float) -> Any:
        """Wait for its end and return what it found."""
        assert self._process.stdout is not None
        content = self._process.stdout.read()
        if self._process.wait(timeout) != 0:
            raise RuntimeError(f"{self._module} failed")
        # Without the line that said that it began.
        return json.loads(content.splitlines()[-1])

    def __enter__(self) -> "Child":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, also where its result is no longer waited for."""
        self._process.kill()
        self._process.wait()


def told() -> Any:
    """Return what the parent said."""
    return json.load(sys.stdin)


def begin() -> None:
    print("ready", flush=True)


def answer(found: Any) -> None:
    json.dump(found, sys.stdout)
    sys.stdout.flush()
