"""The websocket as an attacker sees it, against the real server: wrong origins, strangers, members, junk."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import socketio.exceptions
from reflex_base.registry import RegistrationContext

import keyportal.keyportal  # noqa: F401  registers every state
from keyportal.services.sessions import digest_of
from keyportal.ui.shared import guards
from tests.e2e.server import RunningPortal
from tests.security.ws_client import EventClient, redirects, vars_in

CANARY = "sk-proj-WSCANARY0123456789abcdefXYZ"
PASSWORD = "a long password for everybody"
ALICE, ROOT = "alice@example.com", "root@example.com"
HYDRATE = "reflex___state____state.hydrate_and_load"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    portal = RunningPortal(tmp_path_factory.mktemp("websocket"))
    for email, role in ((ALICE, "member"), (ROOT, "admin")):
        arguments = ["users", "add", "--email", email, "--role", role, "--password-stdin"]
        assert portal.command(*arguments, stdin=PASSWORD + "\n").returncode == 0
    yield portal.start()
    portal.stop()


def own_events() -> list[str]:
    registered = RegistrationContext.get().event_handlers.items()
    return sorted(n for n, r in registered if not str(r.handler.fn.__module__).startswith("reflex"))


def event(state: str, handler: str) -> str:
    return next(n for n in own_events() if f"{state}." in n and n.endswith(f".{handler}"))


def cookie_of(portal: RunningPortal, email: str) -> str:
    form = {"email": email, "password": PASSWORD}
    answer = httpx.post(f"{portal.url}/api/auth/sign-in", data=form)
    assert answer.status_code == 303
    return f"kp_session={answer.cookies['kp_session']}"


async def client_of(portal: RunningPortal, email: str = "", token: str | None = None) -> EventClient:
    cookie = await asyncio.to_thread(cookie_of, portal, email) if email else ""
    return await EventClient(portal.url, origin=portal.url, cookie=cookie, token=token).connect()


def tables_of(portal: RunningPortal) -> dict[str, list[object]]:
    """Return what an intruder would want to change; sessions and the trail move by themselves."""
    with sqlite3.connect(portal.folder / "data" / "keyportal.db") as connection:
        names = ("users", "credentials", "agent_keys", "settings", "encryption_keys")
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "https://localhost", "http://127.0.0.1"]
)
async def test_another_site_s_websocket_is_refused(running: RunningPortal, origin: str | None) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        await EventClient(running.url, origin=origin).connect()


def test_events_cannot_come_over_long_polling(running: RunningPortal) -> None:
    query = {"EIO": "4", "transport": "polling"}
    answer = httpx.get(f"{running.url}/_event/", params=query, headers={"Origin": running.url})
    assert answer.status_code == 404


async def test_a_stranger_can_do_nothing_with_any_handler(running: RunningPortal) -> None:
    before, client = tables_of(running), await client_of(running)
    strangers_may = {n for n in own_events() if guards.refusal_of(n, None) is None}
    for name in own_events():
        await client.send(name, {"form": {"name": "x", "api_key": CANARY}})
    events = await client.settle()
    await client.close()
    sent_away = [path for path in redirects(events) if path.startswith("/sign-in")]
    assert len(sent_away) >= len(own_events()) - len(strangers_may)
    assert "rows" not in vars_in(events) and "choices" not in vars_in(events)
    assert tables_of(running) == before


async def test_a_member_can_do_nothing_with_any_admin_handler(running: RunningPortal) -> None:
    client = await client_of(running, ALICE)
    before = tables_of(running)
    admin_events = [n for n in own_events() if "system_credentials_state" in n]
    for name in admin_events:
        await client.send(name, {"form": {"name": "x", "api_key": CANARY}})
    events = await client.settle()
    await client.close()
    assert len(admin_events) > 15
    assert redirects(events).count("/") == len(admin_events)
    assert "rows" not in vars_in(events)
    assert tables_of(running) == before


@pytest.mark.parametrize(
    "name",
    [
        "reflex___state____state.setvar",
        "reflex___state____state.no_such_handler",
        "no_such_state.load",
        "",
        "reflex___state____state.keyportal___ui___shared___session____session_state._principal",
        "reflex___state____state.keyportal___ui___shared___session____session_state._call",
        "reflex___state____state.keyportal___ui___shared___session____session_state.setvar",
        "reflex___state____state.keyportal___ui___shared___session____session_state.set_is_admin",
    ],
)
async def test_names_that_are_no_handler_of_ours_do_nothing(running: RunningPortal, name: str) -> None:
    client = await client_of(running, ALICE)
    await client.send(event("session_state", "show_person"))
    await client.settle()
    before = tables_of(running)
    await client.send(name, {"var_name": "is_admin", "value": True, "secret": CANARY})
    await client.send(HYDRATE, path="/sign-in")
    shown = vars_in(await client.settle("is_admin", "person_email"))
    await client.close()
    assert (shown["is_admin"], shown["person_email"]) == (False, ALICE)
    assert tables_of(running) == before


async def test_a_client_cannot_write_a_var(running: RunningPortal) -> None:
    client = await client_of(running, ALICE)
    await client.send(event("session_state", "show_person"))
    before = vars_in(await client.settle("is_admin", "person_email"))
    (name,) = (n for n in RegistrationContext.get().event_handlers if n.endswith(".update_vars_internal"))
    state = event("session_state", "show_person").removesuffix(".show_person")
    await client.send(name, {"vars": {f"{state}.is_admin_rx_state_": True, f"{state}.is_admin": True}})
    await client.send(HYDRATE, path="/sign-in")
    after = vars_in(await client.settle("is_admin", "person_email"))
    await client.close()
    assert (before["is_admin"], before["person_email"]) == (False, ALICE)
    assert (after["is_admin"], after["person_email"]) == (False, ALICE)


async def test_a_stranger_writes_nothing_into_the_log(running: RunningPortal) -> None:
    client = await client_of(running)
    known = RegistrationContext.get().event_handlers
    (name,) = (n for n in known if n.endswith(".handle_frontend_exception"))
    payload = {"info": f"\n2026-11-21 admin signed in {CANARY}", "component_stack": CANARY}
    for _ in range(20):
        await client.send(name, payload)
    await client.settle()
    await client.close()
    assert "admin signed in" not in running.log
    assert CANARY not in running.log


async def test_a_stranger_s_large_frame_ends_the_connection(running: RunningPortal) -> None:
    client = await client_of(running)
    await client.send(HYDRATE, {"x": "x" * 9_000})
    await client.settle()
    assert not client.is_connected


@pytest.mark.parametrize("junk", [None, 1, [], {}, {"a": {"b": []}}, "x" * 5000, "\x00", "\ud800", True])
async def test_wrong_types_leave_the_server_well_and_the_log_clean(
    running: RunningPortal, junk: object
) -> None:
    client = await client_of(running, ALICE)
    names = {
        "text",
        "provider",
        "status",
        "health",
        "credential_id",
        "active",
        "form",
        "agent_key_id",
        "name",
    }
    for name in (n for n in own_events() if "system_credentials" not in n):
        await client.send(
            name, {**dict.fromkeys(names, junk), "canary": CANARY, "_open": junk, "is_open": junk}
        )
    await client.settle()
    await client.close()
    again = await client_of(running, ALICE)
    await again.send(event("session_state", "show_person"))
    assert vars_in(await again.settle("person_email"))["person_email"] == ALICE
    await again.close()
    assert CANARY not in running.log


@pytest.mark.parametrize(
    "frame", ["text", 5, None, [], {"name": 3}, {"payload": CANARY}, f'{{"x": "{CANARY}"}}']
)
async def test_frames_that_are_no_events_leave_the_log_clean(running: RunningPortal, frame: object) -> None:
    client = await client_of(running, ALICE)
    await client.send_raw(frame)
    await client.settle()
    await client.close()
    assert CANARY not in running.log


async def test_a_large_frame_ends_the_connection(running: RunningPortal) -> None:
    client = await client_of(running, ALICE)
    await client.send(event("own_credentials_state", "search"), {"text": "x" * 600_000})
    await client.settle()
    assert not client.is_connected


async def test_signing_out_closes_what_was_open(running: RunningPortal) -> None:
    cookie = await asyncio.to_thread(cookie_of, running, ALICE)
    client = await EventClient(running.url, origin=running.url, cookie=cookie).connect()
    headers = {"Cookie": cookie, "Origin": running.url}
    answer = await asyncio.to_thread(httpx.post, f"{running.url}/api/auth/sign-out", headers=headers)
    assert answer.status_code == 303
    await client.send(event("own_credentials_state", "load"))
    assert "rows" not in vars_in(await client.settle())
    for _ in range(100):
        if not client.is_connected:
            break
        await asyncio.sleep(0.1)
    assert not client.is_connected


async def test_the_browser_is_sent_neither_its_token_nor_the_digest(running: RunningPortal) -> None:
    cookie = await asyncio.to_thread(cookie_of, running, ALICE)
    client = await EventClient(running.url, origin=running.url, cookie=cookie).connect()
    await client.send(HYDRATE, path="/")
    await client.settle()
    await client.close()
    token = cookie.partition("=")[2]
    assert any(ALICE in frame for frame in client.frames)
    assert not any(token in frame or digest_of(token) in frame for frame in client.frames)


@pytest.mark.parametrize("next_person", ["", ROOT])
async def test_a_tab_never_shows_the_next_person_what_the_last_one_saw(
    running: RunningPortal, next_person: str
) -> None:
    alice = await client_of(running, ALICE)
    await alice.send(event("session_state", "show_person"))
    assert vars_in(await alice.settle("person_email"))["person_email"] == ALICE
    await alice.close()
    following = await client_of(running, next_person, token=alice.token)
    await following.send(HYDRATE, path="/")
    await following.settle()
    await following.close()
    assert following.frames
    assert not any(ALICE in frame for frame in following.frames)


async def test_a_pasted_key_is_in_no_frame_no_log_and_no_file(running: RunningPortal, tmp_path: Path) -> None:
    client = await client_of(running, ALICE)
    await client.send(event("own_credentials_state", "choose_provider"), {"provider_id": "openai"})
    for name in ("Canary", "", "Canary"):
        form = {"name": name, "api_key": CANARY, "expires_on": "", "note": "", "environment": ""}
        await client.send(event("own_credentials_state", "submit_form"), {"form": form})
    form["expires_on"] = CANARY
    await client.send(event("own_credentials_state", "submit_form"), {"form": form})
    events = await client.settle("rows")
    await client.close()
    assert [row["mask"] for row in vars_in(events)["rows"]] == [f"****...{CANARY[-4:]}"]
    stored = b"".join(f.read_bytes() for f in running.folder.rglob("*") if f.is_file())
    assert CANARY.encode() not in stored
    assert not any(CANARY in frame for frame in client.frames)
