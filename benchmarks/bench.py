"""What every measurement is given: how much to do, on which databases, and where its figures go."""

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.amounts import Amounts
from benchmarks.databases import Databases
from benchmarks.deployments import Deployment, deployment
from benchmarks.figures import Report
from benchmarks.servers import Server, constant_beside

_began = time.monotonic()


@dataclass(frozen=True)
class Bench:
    amounts: Amounts
    report: Report
    folder: Path
    databases: Databases
    kinds: tuple[str, ...]

    def deployment(self, kind: str, **settings: str) -> AbstractContextManager[Deployment]:
        return deployment(self.folder, self.databases, kind, **settings)

    @contextmanager
    def beside_constant(self, made: Deployment, process: str) -> Iterator[tuple[Server, Server]]:
        """Yield a running server and the constant route in a process of the same kind."""
        with made.server(process) as server:
            log = made.folder / "constant.log"
            with constant_beside(server, made.environment(server.port), log) as constant:
                yield server, constant


def say(text: str) -> None:
    """Tell on stderr how far it is."""
    print(f"[{time.monotonic() - _began:6.1f} s] {text}", file=sys.stderr, flush=True)
