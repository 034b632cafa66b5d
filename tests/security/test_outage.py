"""A database that goes away under open pages, for real: they say so, and go on when it is back."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.server import RunningPortal
from tests.faults.postgres import Server, running_server
from tests.security.test_websocket import ALICE, HYDRATE, PASSWORD, client_of, event
from tests.security.ws_client import EventClient, vars_in

WORDS = "The database cannot be reached. Try again in a moment."
SHOW_PERSON = event("session_state", "show_person")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture(scope="module")
def running(server: Server) -> Iterator[RunningPortal]:
    with tempfile.TemporaryDirectory(prefix="keyportal-outage-") as folder:
        portal = RunningPortal(Path(folder), DATABASE_URL=server.new())
        arguments = ["users", "add", "--email", ALICE, "--role", "member", "--password-stdin"]
        assert portal.command(*arguments, stdin=PASSWORD + "\n").returncode == 0
        yield portal.start()
        portal.stop()


async def shown(client: EventClient, *names: str) -> dict[str, object]:
    return vars_in(await client.settle(*names))


async def test_an_open_page_says_so_and_goes_on_when_the_database_is_back(
    running: RunningPortal, server: Server
) -> None:
    alice, loading = await client_of(running, ALICE), await client_of(running, ALICE)
    await alice.send(SHOW_PERSON)
    assert (await shown(alice, "person_email"))["person_email"] == ALICE
    server.stop("fast")
    try:
        await alice.send(event("own_credentials_state", "load"))
        told = await shown(alice, "list_problem")
        await loading.send(HYDRATE, path="/")
        told_on_load = await shown(loading, "notice")
        alive, ready = (httpx.get(f"{running.url}/api/{path}") for path in ("health", "ready"))
    finally:
        server.start()
    assert (told["list_problem"], told_on_load["notice"]) == (WORDS, WORDS)
    assert (alive.status_code, ready.status_code, ready.json()["checks"]["database"]) == (
        200,
        503,
        "storage_unavailable",
    )
    # Nobody reloads anything.
    assert (await shown(loading, "person_email"))["person_email"] == ALICE
    await alice.send(event("own_credentials_state", "load"))
    assert (await shown(alice, "list_problem"))["list_problem"] == ""
    await alice.close()
    await loading.close()


async def test_a_tab_of_somebody_else_shows_nothing_meanwhile(running: RunningPortal, server: Server) -> None:
    alice = await client_of(running, ALICE)
    await alice.send(SHOW_PERSON)
    assert (await shown(alice, "person_email"))["person_email"] == ALICE
    await alice.close()
    stranger = EventClient(running.url, origin=running.url, cookie="kp_session=unknown", token=alice.token)
    server.stop("fast")
    try:
        await stranger.connect()
        await stranger.send(HYDRATE, path="/")
        await stranger.send(SHOW_PERSON)
        await stranger.settle("notice")
    finally:
        server.start()
    await stranger.close()
    assert stranger.frames and not any(ALICE in frame for frame in stranger.frames)
