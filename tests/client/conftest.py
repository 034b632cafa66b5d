"""A server that plays the portal, and pauses that are noted instead of slept through."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from keyportal.client import awaiting, blocking
from tests.client.support import ANSWER, Awaiting, Waiting
from tests.fakes.fake_provider import FakeProvider


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    with FakeProvider() as server:
        server.answer(200, ANSWER)
        yield server


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clients would have waited for between two tries."""
    noted: list[float] = []

    async def note(pause: float) -> None:
        noted.append(pause)
        await asyncio.sleep(0)

    monkeypatch.setattr(blocking, "_sleep", noted.append)
    monkeypatch.setattr(awaiting, "_sleep", note)
    return noted


@pytest.fixture(params=[Waiting, Awaiting], ids=["waiting", "awaiting"])
def way(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Either client."""
    return request.param
