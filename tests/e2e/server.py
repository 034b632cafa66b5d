"""A real portal: `python -m keyportal serve` on a free port, with a data directory of its own."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from tests.support import ENCRYPTION_KEY, clean_environment

ROOT = Path(__file__).resolve().parents[2]
_START_TIMEOUT_S = 180
_SETUP_CODE = re.compile(r"set-up code\s+([0-9A-Z-]{19})")


class RunningPortal:
    """Starts, stops and restarts one deployment; its log is kept whole for looking through."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.settings = settings
        self.port = free_port()
        self.log_file = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def setup_code(self) -> str:
        found = _SETUP_CODE.findall(self.log)
        assert found, f"no set-up code on the console:\n{self.log}"
        return found[-1]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def environment(self) -> dict[str, str]:
        return {
            **clean_environment(),
            "API_KEY_ENCRYPTION_KEY": ENCRYPTION_KEY,
            "KEYPORTAL_ENV_FILE": str(self.folder / ".env"),
            "KEYPORTAL_DATA_DIR": str(self.folder / "data"),
            "PORT": str(self.port),
            **self.settings,
        }

    def arguments(self) -> list[str]:
        return ["serve"]

    def start(self) -> "RunningPortal":
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "keyportal", *self.arguments()],
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_it_answers()
        return self

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=30)

    def kill(self) -> None:
        """End it and its workers at once, however they are."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=30)

    def command(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `python -m keyportal …` against this deployment."""
        return subprocess.run(
            [sys.executable, "-m", "keyportal", *arguments],
            cwd=ROOT,
            env=self.environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"the portal stopped:\n{self.log}")
            try:
                with urllib.request.urlopen(f"{self.url}/api/ready", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"the portal did not start:\n{self.log}")


def free_port() -> int:
    """Return a port nobody has, from below those the system hands out by itself to whoever asks next."""
    while True:
        port = 15_000 + secrets.randbelow(15_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
