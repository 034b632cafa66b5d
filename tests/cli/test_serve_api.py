"""`python -m keyportal serve-api` for real: the API alone, several workers, killed in the middle."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from keyportal.domain.secret import Secret
from keyportal.persistence import processes
from keyportal.services import agent_keys, audit_verification
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.services.start_up import open_portal
from tests.conftest import person
from tests.e2e.server import ROOT, RunningPortal
from tests.services.support import VALUE, events, run_sql, save
from tests.support import OTHER_KEY, add_cast, make_settings


class RunningApi(RunningPortal):
    """The data plane, with two workers."""

    serving = ("serve-api", "--workers", "2")

    def arguments(self) -> list[str]:
        return [*self.serving, "--port", str(self.port)]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningApi]:
    (tmp_path / "data").mkdir(mode=0o700)
    running = RunningApi(tmp_path)
    yield running
    running.kill()


@pytest.fixture
def behind(running: RunningApi) -> Iterator[Portal]:
    """The same database, opened by this process, too."""
    portal = open_portal(make_settings(running.folder / "data"))
    add_cast(portal)
    yield portal
    portal.close()


@pytest.fixture
def token(behind: Portal) -> Secret:
    save(behind, person(behind, "alice"))
    return agent_keys.create(behind, person(behind, "alice"), NewAgentKey("ci")).token


def asking(running: RunningApi, token: Secret) -> httpx.Client:
    return httpx.Client(
        base_url=running.url, headers={"Authorization": f"Bearer {token.reveal()}"}, trust_env=False
    )


def listed(portal: Portal) -> list[str]:
    """Return which servers say that they run."""
    with portal.database.reading() as session:
        return [row.kind for row in processes.running(session, portal.clock.now())]


def test_it_needs_nothing_of_the_pages() -> None:
    code = (
        "import sys, keyportal.data_plane\n"
        "print([m for m in sys.modules if m.split('.')[0].startswith('reflex')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"


def test_it_serves_the_api_and_nothing_else(running: RunningApi, behind: Portal, token: Secret) -> None:
    running.start()
    with asking(running, token) as client:
        answer = client.post("/api/resolve", json={"provider": "openai"})
        others = [client.get(path).status_code for path in ("/", "/sign-in", "/keyportal.css")]
        known = [client.get(path).status_code for path in ("/api/ready", "/api/openapi.json")]
    assert (answer.status_code, answer.json()["api_key"]) == (200, VALUE)
    assert (others, known) == ([404, 404, 404], [200, 200])
    assert VALUE not in running.log and token.reveal() not in running.log


def test_without_its_encryption_key_it_does_not_start(running: RunningApi) -> None:
    running.settings["API_KEY_ENCRYPTION_KEY"] = ""
    done = running.command("serve-api", "--port", str(running.port))
    assert (done.returncode, done.stderr.partition(":")[0]) == (78, "API_KEY_ENCRYPTION_KEY")


@pytest.mark.parametrize(
    ("setting", "values", "statement"),
    [
        ("API_KEY_ENCRYPTION_KEY", {"API_KEY_ENCRYPTION_KEY": OTHER_KEY}, ""),
        ("DATABASE_URL", {"DATABASE_URL": "postgresql://u:CANARY@127.0.0.1:1/name"}, ""),
        ("KEYPORTAL_DATA_DIR", {"KEYPORTAL_DATA_DIR": "/dev/null/CANARY"}, ""),
        ("DATABASE_URL", {}, "DROP TABLE usage_reports"),
    ],
    ids=["wrong-key", "database", "folder", "partly-migrated"],
)
def test_what_stops_it_is_one_line_before_it_listens(
    running: RunningApi, behind: Portal, setting: str, values: dict[str, str], statement: str
) -> None:
    if statement:
        with behind.database.transaction() as session:
            run_sql(session, statement)
    running.settings |= values
    done = running.command("serve-api", "--port", str(running.port))
    assert (done.returncode, done.stderr.partition(":")[0], done.stderr.count("\n")) == (78, setting, 1)
    assert not any(value in done.stderr for value in ("CANARY", OTHER_KEY))


_WORKERS_FAIL = """
import sys
import keyportal.data_plane as plane
from keyportal.cli.serve_api import serve_api
from keyportal.domain.errors import UnusableSetting

def fails(_settings):
    raise UnusableSetting("DATABASE_URL", "went away.")

plane.open_portal = fails
serve_api(None, int(sys.argv[1]), 2)
"""


def test_workers_that_cannot_open_the_portal_end_it_and_are_not_tried_for_ever(
    running: RunningApi, behind: Portal
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WORKERS_FAIL, str(running.port)],
        cwd=ROOT,
        env=running.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode not in (0, None)
    assert "went away." in done.stdout + done.stderr


def test_a_port_in_use_is_said_in_one_line(running: RunningApi, behind: Portal) -> None:
    running.start()
    done = running.command("serve-api", "--port", str(running.port))
    assert (done.returncode, done.stderr.partition(":")[0], done.stderr.count("\n")) == (78, "--port", 1)


def test_stopping_leaves_no_process_behind(running: RunningApi, behind: Portal) -> None:
    running.start()
    group = os.getpgid(running.pid)
    # One worker answers a little before the other is there.
    until = time.monotonic() + 30
    while listed(behind) != ["api", "api"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    running.stop()
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)
    assert listed(behind) == []


def test_killed_in_the_middle_every_answer_is_counted_once(
    running: RunningApi, behind: Portal, token: Secret
) -> None:
    running.start()
    answered: list[str] = []
    enough = threading.Event()

    def keep_asking() -> None:
        with asking(running, token) as client:
            try:
                while True:
                    answer = client.post("/api/resolve", json={"provider": "openai"})
                    answered.append(answer.json()["resolution_id"])
                    if len(answered) > 300:
                        enough.set()
            except httpx.HTTPError:
                return

    callers = [threading.Thread(target=keep_asking) for _ in range(8)]
    for caller in callers:
        caller.start()
    assert enough.wait(timeout=60)
    os.killpg(os.getpgid(running.pid), signal.SIGKILL)
    for caller in callers:
        caller.join(timeout=60)
    listed = [
        f"{e.uid}-{n}" if n else e.uid
        for e in events(behind)
        if e.action == "credential.resolve"
        for n in range(e.details.get("count", 1))
    ]
    assert len(set(answered)) == len(answered) and set(answered) <= set(listed)
    with behind.database.reading() as session:
        counted = run_sql(session, "SELECT sum(count) FROM usage_days").scalar()
        (used,) = run_sql(session, "SELECT usage_count FROM credentials").one()
    assert len(listed) == len(set(listed)) == counted == used
    assert audit_verification.verify_chain(behind).broken_at is None
