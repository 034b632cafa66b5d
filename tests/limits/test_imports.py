"""How much one import may be, what counts as a line of it, and how many exports are written at once."""

from datetime import timedelta

import pytest

from keyportal.domain.errors import TooManyAttempts
from keyportal.services import exporting
from keyportal.services.portal import Portal
from tests.api.support import VALUE
from tests.limits.numbers import NUMBERS
from tests.limits.support import World, around, number
from tests.services.support import USER
from tests.support import FakeClock

limit = pytest.mark.limit
IMPORT = "/api/api-keys/import"


@pytest.fixture
def world(portal: Portal, clock: FakeClock) -> World:
    return World.of(portal, clock)


def previewed(world: World, text: str) -> tuple[int, int]:
    """Return the status, and how many lines of the text can be imported."""
    answer = world.client.post(IMPORT, json={"text": text, "dry_run": True})
    return answer.status_code, len(answer.json().get("rows", ()))


@limit("import-bytes")
def test_an_import_of_200_000_bytes(world: World) -> None:
    line = f"OPENAI_API_KEY={VALUE}\n"
    texts = [line + "#é".ljust(n - len(line) - 1, "x") for n in around("import-bytes")]
    # Bytes are counted and not characters: one of these has two.
    assert [len(text.encode()) for text in texts] == list(around("import-bytes"))
    assert [previewed(world, text) for text in texts] == [(200, 1), (200, 1), (422, 0)]


@limit("import-lines")
def test_an_import_of_a_thousand_lines(world: World) -> None:
    texts = [f"OPENAI_API_KEY={VALUE}\n" + "#\n" * (n - 1) for n in around("import-lines")]
    assert [previewed(world, text) for text in texts] == [(200, 1), (200, 1), (422, 0)]


@limit("import-variable")
def test_a_variable_s_name_of_100_characters(world: World) -> None:
    texts = [f"{'A' * n}={VALUE}" for n in around("import-variable")]
    assert [previewed(world, text) for text in texts] == [(200, 1), (200, 1), (200, 0)]


@limit("import-shortest")
def test_a_value_of_at_least_8_characters(world: World) -> None:
    texts = [f"OPENAI_API_KEY={'k9' * 8}"[: len("OPENAI_API_KEY=") + n] for n in around("import-shortest")]
    assert [previewed(world, text) for text in texts] == [(200, 0), (200, 1), (200, 1)]


@limit("exports")
@limit("export-counted")
def test_two_files_are_written_for_a_person_at_once_for_five_minutes(world: World) -> None:
    def begin() -> object:
        try:
            return exporting.export(world.portal, world.alice, USER, "csv").parts
        except TooManyAttempts as refusal:
            return refusal.code

    n, held = number("exports"), [begin() for _ in range(number("exports") + 1)]
    assert "too_many_attempts" not in held[:n] and held[n] == "too_many_attempts"
    counted = NUMBERS["export-counted"]
    assert isinstance(counted, timedelta)
    found = []
    for wait in (counted - timedelta(seconds=1), timedelta(seconds=1), timedelta(seconds=1)):
        world.clock.advance(wait)
        found.append(begin() == "too_many_attempts")
    # Nobody reads them: from five minutes on they hold nobody up.
    assert found == [True, False, False]
