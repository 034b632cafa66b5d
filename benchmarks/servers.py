"""The servers that are measured: started with the product's own command lines, ended by their own ids."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[1]
_CONSTANT = "benchmarks.constant:app"
_READY_S = 120
_POLL_S = 0.005
_STOP_S = 30


class DidNotStart(Exception):
    """A server did not come up; the end of its log says why."""


class Server:
    """One process group with a log of its own. Use it as a context manager."""

    def __init__(
        self, command: Sequence[str], port: int, environment: Mapping[str, str], log: Path, ready: str
    ) -> None:
        self.command = list(command)
        self.port = port
        self.started_in_s = 0.0
        self._environment = dict(environment)
        self._log = log
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise DidNotStart("it was not started")
        return self._process.pid

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> "Server":
        """Start it and wait for its first answer, which `started_in_s` tells the time of."""
        began = time.perf_counter()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.kill()
            raise
        self.started_in_s = time.perf_counter() - began
        return self

    def stop(self) -> None:
        """End it as an operator does."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the whole group with -9."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(_STOP_S)

    def end_of_log(self) -> str:
        return self._log.read_text(errors="replace")[-1500:] if self._log.is_file() else ""

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise DidNotStart(f"`{' '.join(self.command[:6])}` stopped:\n{self.end_of_log()}")
            with suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self._ready}", timeout=2).close()
                return
            time.sleep(_POLL_S)
        raise DidNotStart(f"`{' '.join(self.command[:6])}` did not answer:\n{self.end_of_log()}")


def keyportal_server(
    arguments: Sequence[str], port: int, environment: Mapping[str, str], log: Path
) -> Server:
    """Return `python -m keyportal …`, as an operator types it."""
    command = [sys.executable, "-m", "keyportal", *arguments]
    return Server(command, port, environment, log, "/api/ready")


def constant_beside(server: Server, environment: Mapping[str, str], log: Path) -> Server:
    """Return the constant route, in its own process, run by granian as that running server is."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.constant", str(port)]
    # `serve` becomes granian's own command, `serve-api` runs granian within itself, as that module does.
    if flags := granian_flags(_command_line(server.pid)):
        granian = str(Path(sys.executable).parent / "granian")
        command = [granian, *flags, "--host", "127.0.0.1", "--port", str(port), _CONSTANT]
    return Server(command, port, {**environment, "PYTHONPATH": str(ROOT)}, log, "/constant")


def granian_flags(command_line: Sequence[str]) -> list[str]:
    """Return what a command line tells granian besides the app and where to listen; nothing if it is none."""
    names = [Path(part).name for part in command_line]
    if "granian" not in names:
        return []
    flags, parts = [], iter(command_line[names.index("granian") + 1 :])
    for part in parts:
        if part in ("--host", "--port"):
            next(parts, "")
        elif part != "--factory" and not part.startswith("keyportal."):
            flags.append(part)
    return flags


def free_port() -> int:
    """Return a port nobody has, from below those the system hands out by itself."""
    while True:
        port = 15_000 + secrets.randbelow(15_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _command_line(pid: int) -> list[str]:
    content = Path(f"/proc/{pid}/cmdline")
    return content.read_text().split("\0")[:-1] if content.is_file() else []
