"""Two portals on one database, as two processes are, and threads that use both at once."""

from collections.abc import Iterator

import pytest

from keyportal.services.portal import Portal
from keyportal.vault import passwords
from tests.conftest import MakePortal
from tests.fakes.fake_provider import FakeProvider
from tests.races.support import Racers


@pytest.fixture
def other(make_portal: MakePortal, openai: FakeProvider) -> Portal:
    """The second process."""
    return make_portal(KEYPORTAL_BASE_URL_OPENAI=f"{openai.url}/v1")


@pytest.fixture
def racers() -> Iterator[Racers]:
    two = Racers(2)
    yield two
    two.close()


@pytest.fixture
def three_racers() -> Iterator[Racers]:
    three = Racers(3)
    yield three
    three.close()


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests that cost nothing: what is raced for here is the link, not the password."""
    cheap = passwords._CONTEXT.using(argon2__memory_cost=64)
    monkeypatch.setattr(passwords, "_CONTEXT", cheap)
