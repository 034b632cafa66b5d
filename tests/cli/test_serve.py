"""`python -m keyportal serve` as a real process: first start, refusals before it listens, a clean end."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from keyportal.cli import serve
from tests.e2e.server import ROOT, RunningPortal
from tests.support import OTHER_KEY

NO_KEY = {"API_KEY_ENCRYPTION_KEY": ""}


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[RunningPortal]:
    running = RunningPortal(tmp_path, **NO_KEY)
    yield running
    running.stop()


def refused(portal: RunningPortal) -> subprocess.CompletedProcess[str]:
    """Run `serve` where it must not start."""
    done = portal.command("serve")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", portal.port)) != 0
    return done


def processes_of(group: int) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "pgid=,args="], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if line.split()[0] == str(group)]


def test_the_first_start_writes_a_private_key_once_and_prints_a_set_up_code(portal: RunningPortal) -> None:
    portal.start()
    env_file = portal.folder / ".env"
    written = env_file.read_text()
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert stat.S_IMODE((portal.folder / "data").stat().st_mode) == 0o700
    assert re.search(r"Back it up", written)
    assert re.search(r"^API_KEY_ENCRYPTION_KEY=[0-9a-f]{64}$", written, re.MULTILINE)
    key = written.strip().rpartition("=")[2]
    assert portal.setup_code
    assert key not in portal.log
    portal.stop()
    portal.start()
    assert env_file.read_text() == written


def test_stopping_leaves_no_process_behind(portal: RunningPortal) -> None:
    portal.start()
    group = os.getpgid(portal.pid)
    assert len(processes_of(group)) >= 2
    portal.stop()
    for _ in range(100):
        if not processes_of(group):
            break
        time.sleep(0.1)
    assert processes_of(group) == []


def test_a_terminal_s_interrupt_stops_it_too(portal: RunningPortal) -> None:
    portal.start()
    group = os.getpgid(portal.pid)
    os.killpg(group, signal.SIGINT)
    for _ in range(200):
        if not [p for p in processes_of(group) if "defunct" not in p]:
            break
        time.sleep(0.1)
    assert [p for p in processes_of(group) if "defunct" not in p] == []


def test_a_database_without_its_key_is_never_given_a_new_one(portal: RunningPortal) -> None:
    portal.start()
    portal.stop()
    (portal.folder / ".env").unlink()
    done = refused(portal)
    assert done.returncode == 78
    assert done.stderr.startswith("API_KEY_ENCRYPTION_KEY: is not set")
    assert not (portal.folder / ".env").exists()


def test_the_wrong_key_stops_the_start_and_both_key_ids_are_named(portal: RunningPortal) -> None:
    portal.start()
    portal.stop()
    portal.settings["API_KEY_ENCRYPTION_KEY"] = OTHER_KEY
    done = refused(portal)
    assert done.returncode == 78
    assert len(set(re.findall(r"\b[0-9a-f]{8}\b", done.stderr))) == 2
    assert OTHER_KEY not in done.stderr


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("API_KEY_ENCRYPTION_KEY", "CANARY"),
        ("API_KEY_ENCRYPTION_KEY", "ab" * 32),
        ("API_KEY_ENCRYPTION_KEY_PREVIOUS", "CANARY"),
        ("API_KEY_ENCRYPTION_KEY_FILE", "/CANARY"),
        ("DATABASE_URL", "mysql://CANARY@host/name"),
        ("DATABASE_URL", "postgresql://CANARY@127.0.0.1:9/name"),
        ("PORT", "CANARY"),
        ("KEYPORTAL_PUBLIC_URL", "CANARY"),
        ("KEYPORTAL_BASE_URL_OPENAI", "CANARY"),
        ("KEYPORTAL_BASE_URL_NOBODY", "http://CANARY"),
    ],
)
def test_an_unusable_setting_is_one_line_by_name(portal: RunningPortal, setting: str, value: str) -> None:
    portal.settings[setting] = value
    done = refused(portal)
    assert done.returncode == 78
    assert done.stderr.startswith(f"{setting}: ")
    assert (done.stderr.count("\n"), "CANARY" in done.stderr) == (1, False)


def test_two_processes_starting_on_an_empty_folder_share_one_database(tmp_path: Path) -> None:
    first = RunningPortal(tmp_path)
    starting = [
        subprocess.Popen(
            [sys.executable, "-m", "keyportal", "setup-code"],
            cwd=ROOT,
            env=first.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    ends = [process.communicate(timeout=60) for process in starting]
    assert [process.returncode for process in starting] == [0, 0], ends


def test_a_port_in_use_stops_the_second_start(portal: RunningPortal) -> None:
    portal.start()
    done = portal.command("serve")
    assert done.returncode == 78
    assert done.stderr.startswith("PORT: is in use")


def test_another_name_for_the_machine_leads_to_the_one_address(portal: RunningPortal) -> None:
    portal.start()
    with httpx.Client() as client:
        by_number = client.get(f"http://127.0.0.1:{portal.port}/api-keys?page=2")
        by_stranger = client.get(f"{portal.url}/api-keys", headers={"Host": "keys.example.com"})
    assert (by_number.status_code, by_number.headers["location"]) == (307, f"{portal.url}/api-keys?page=2")
    assert by_stranger.status_code == 421
    assert "KEYPORTAL_PUBLIC_URL" in by_stranger.text


def test_behind_tls_no_redirect_leads_back_to_http(portal: RunningPortal) -> None:
    portal.settings["KEYPORTAL_PUBLIC_URL"] = "https://keys.example.com"
    portal.start()
    answer = httpx.get(f"{portal.url}/sign-in?problem=x", headers={"Host": "keys.example.com"})
    assert answer.headers["location"] == "https://keys.example.com/sign-in/?problem=x"
    assert "max-age" in answer.headers["strict-transport-security"]


def test_the_files_are_their_owner_s_alone(portal: RunningPortal) -> None:
    portal.start()
    files = list((portal.folder / "data").glob("keyportal.db*"))
    assert {stat.S_IMODE(f.stat().st_mode) for f in files if "migrate-lock" not in f.name} == {0o600}


def test_every_answer_carries_the_security_headers(portal: RunningPortal) -> None:
    portal.start()
    with httpx.Client(base_url=portal.url) as client:
        for path in (
            "/",
            "/sign-in",
            "/no-such-page",
            "/api/health",
            "/api/nothing",
            "/keyportal.css",
            "/api/docs",
        ):
            headers = client.get(path).headers
            assert "unsafe-eval" not in headers["content-security-policy"], path
            assert "frame-ancestors 'none'" in headers["content-security-policy"], path
            assert headers["x-content-type-options"] == "nosniff", path
            assert "access-control-allow-origin" not in headers, path
        assert client.get("/api/health").headers["cache-control"] == "no-store"


def test_redis_that_does_not_answer_stops_the_start(portal: RunningPortal) -> None:
    portal.settings["REDIS_URL"] = "redis://:CANARY@127.0.0.1:1/0"
    done = refused(portal)
    assert done.returncode == 78
    assert "REDIS_URL: names a server that does not answer" in done.stderr
    assert "CANARY" not in done.stderr


def test_two_first_starts_at_once_agree_on_one_key(portal: RunningPortal) -> None:
    second = RunningPortal(portal.folder, **NO_KEY)
    second.log_file = portal.folder / "second.log"
    with ThreadPoolExecutor() as pool:
        list(pool.map(RunningPortal.start, (portal, second)))
    second.stop()
    portal.stop()
    assert (portal.folder / ".env").read_text().count("API_KEY_ENCRYPTION_KEY=") == 1
    portal.start()


def test_a_build_is_given_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY_ENCRYPTION_KEY", "OPENAI_API_KEY", "DATABASE_URL"):
        monkeypatch.setenv(name, "CANARY")
    assert "CANARY" not in serve._building_environment().values()
