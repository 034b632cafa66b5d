"""The clock jumps under a running portal: nothing becomes immortal, nothing hangs, the trail holds."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from keyportal.settings import ROOT
from tests.faults.places import KINDS, Places
from tests.support import clean_environment

_LIBRARY = str(next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), ""))
# Real seconds: a deadline that is counted by the clock that jumped would last for a day.
_PATIENCE_S = 60.0


class Jumping:
    """A portal in a process of its own whose clock stands where a test puts it."""

    def __init__(self, told: dict[str, Any], offset: Path) -> None:
        self._offset = offset
        self.jump("+0")
        environment = {
            **clean_environment(),
            "LD_PRELOAD": _LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.clockwork"], cwd=ROOT, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.ask(json.dumps(told))

    def jump(self, offset: str) -> None:
        self._offset.write_text(f"{offset}\n")

    def ask(self, what: str) -> Any:
        assert self._process.stdin and self._process.stdout
        # Whoever hangs is ended, and has nothing to say.
        watch = Timer(_PATIENCE_S, self._process.kill)
        watch.start()
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        watch.cancel()
        assert answer, f"no answer: {what}"
        return json.loads(answer)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(params=KINDS)
def jumping(places: Places, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Jumping]:
    if not _LIBRARY:
        pytest.skip("libfaketime is not installed")
    place = places.new(request.param)
    told = {"folder": str(place.folder), "settings": place.texts()}
    jumping = Jumping(told, tmp_path / "offset")
    yield jumping
    jumping.close()


def test_a_clock_that_jumps_back_and_forward_makes_nothing_immortal(jumping: Jumping) -> None:
    asked = ("resolve", "desk", "is_signed_in", "save", "chain")
    assert [jumping.ask(one) for one in asked] == ["first", "first", True, "", None]

    jumping.jump("-1d")
    assert datetime.fromisoformat(jumping.ask("now")) < datetime.now(UTC) - timedelta(hours=23)
    assert [jumping.ask(one) for one in asked] == ["first", "first", True, "", None]

    jumping.jump("+365d")
    expired = ["agent_key_expired", "the long way", False, "", None]
    assert [jumping.ask(one) for one in asked] == expired
    jumping.ask("renew")
    # What was the first key expired meanwhile; a new agent key gets the next.
    assert [jumping.ask(one) for one in asked] == ["second", "second", False, "", None]

    jumping.jump("+0")
    assert [jumping.ask(one) for one in asked] == ["first", "first", True, "", None]


def test_a_session_does_not_live_longer_because_the_clock_was_once_ahead(jumping: Jumping) -> None:
    jumping.jump("+13d")
    assert jumping.ask("is_signed_in") is False
    jumping.jump("+20h")
    assert jumping.ask("is_signed_in") is True
    jumping.jump("+0")
    assert jumping.ask("is_signed_in") is True
    jumping.jump("+15d")
    assert jumping.ask("is_signed_in") is False
