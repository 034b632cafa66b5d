"""What people type: names, notes, values, addresses, passwords, dates."""

from collections.abc import Callable
from typing import Any

import pytest

from keyportal.services.portal import Portal
from tests.api.support import VALUE
from tests.limits.support import World, answer_of, around
from tests.support import FakeClock

limit = pytest.mark.limit


@pytest.fixture
def world(portal: Portal, clock: FakeClock) -> World:
    return World.of(portal, clock)


def add(world: World, number: int, **more: Any) -> Any:
    body = {"provider": "openai", "name": f"key {number}", "api_key": VALUE, **more}
    return world.client.post("/api/api-keys", json=body)


def link(world: World, pattern: str) -> Any:
    key = world.client.add_key(f"linked {len(pattern)}")
    body = {"provider": "openai", "model_pattern": pattern}
    return world.client.post(f"/api/api-keys/{key['id']}/links", json=body)


def provide(world: World, number: int, **more: Any) -> Any:
    body = {"name": f"Ours {number}", "base_url": "https://llm.example.com/v1", **more}
    return world.admin.post("/api/admin/providers", json=body)


def invite(world: World, email: str) -> Any:
    return world.admin.post("/api/admin/users", json={"email": email})


Type = Callable[[World, int], Any]
TYPED: dict[str, Type] = {
    "name": lambda world, n: add(world, n, name="n" * n),
    "note": lambda world, n: add(world, n, note="n" * n),
    "label": lambda world, n: add(world, n, environment="e" * n),
    "value": lambda world, n: add(world, n, api_key="sk-" + "v" * (n - 3)),
    "date-last": lambda world, n: add(world, n, expires_at=f"{n}-01-01T00:00:00Z"),
    "model-pattern": lambda world, n: link(world, "m" * n),
    "email": lambda world, n: invite(world, "e" * (n - len("@example.com")) + "@example.com"),
    "provider-address": lambda world, n: provide(world, n, base_url="https://llm.example.com/".ljust(n, "x")),
    "variable-name": lambda world, n: provide(
        world, n, environment_names=["A" * (n - len("_API_KEY")) + "_API_KEY"]
    ),
    "provider-variables": lambda world, n: provide(
        world, n, environment_names=[f"V{n}_{i}_API_KEY" for i in range(n)]
    ),
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=limit(name)) for name in TYPED])
def test_so_much_and_not_more_may_be_typed(world: World, name: str) -> None:
    found = [answer_of(TYPED[name](world, n)) for n in around(name)]
    assert found == [(201, ""), (201, ""), (422, "invalid_input")]


@limit("date-first")
def test_a_date_before_1970_is_no_date(world: World) -> None:
    years = reversed(around("date-first"))
    found = [answer_of(add(world, year, expires_at=f"{year}-06-01T00:00:00Z")) for year in years]
    assert found == [(201, ""), (201, ""), (422, "invalid_input")]


@limit("password-shortest")
@limit("password-longest")
def test_a_password_of_8_to_1024_characters(world: World) -> None:
    def join(size: int) -> int:
        link = world.admin.post("/api/admin/users", json={"email": f"new{size}@example.com"}).json()["link"]
        form = {"token": link["url"].partition("#")[2], "password": "pW9-" * 300}
        return world.anyone.post(
            "/api/auth/join", data={**form, "password": form["password"][:size]}
        ).status_code

    assert [join(size) for size in around("password-shortest")] == [422, 303, 303]
    assert [join(size) for size in around("password-longest")] == [303, 303, 422]
