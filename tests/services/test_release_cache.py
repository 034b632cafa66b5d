"""How many decisions are kept, and whose go first."""

from datetime import timedelta
from typing import Any, cast

import pytest

from keyportal.domain.principals import operator_principal
from keyportal.services import release_cache
from keyportal.services.release_cache import Asked, Known, ReleaseCache, Wanted
from tests.support import START


def _known() -> Known:
    return Known(operator_principal(), "owner", "subject", cast(Any, None), START + timedelta(days=1), 1)


def _asked(agent: str, model: int) -> Asked:
    return agent.encode(), Wanted("openai", model=f"m{model}")


def _kept(cache: ReleaseCache, agent: str, models: range) -> list[int]:
    return [n for n in models if cache.find(_asked(agent, n), START) is not None]


def test_who_asks_for_ever_new_models_pushes_out_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_cache, "MOST_OF_ONE", 3)
    cache = ReleaseCache()
    cache.keep(_asked("quiet", 0), _known())
    for number in range(50):
        cache.keep(_asked("loud", number), _known())
    assert _kept(cache, "quiet", range(1)) == [0]
    assert _kept(cache, "loud", range(50)) == [47, 48, 49]


def test_the_oldest_goes_when_all_places_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_cache, "MOST", 4)
    cache = ReleaseCache()
    for agent in ("first", "second", "third"):
        for number in range(2):
            cache.keep(_asked(agent, number), _known())
    assert [_kept(cache, a, range(2)) for a in ("first", "second", "third")] == [[], [0, 1], [0, 1]]


def test_what_is_kept_again_takes_no_second_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_cache, "MOST", 2)
    cache = ReleaseCache()
    cache.keep(_asked("a", 0), _known())
    again = _known()
    for _ in range(5):
        cache.keep(_asked("b", 0), again)
    assert _kept(cache, "a", range(1)) == [0]
    assert cache.find(_asked("b", 0), START) is again


def test_what_ended_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_cache, "MOST", 1)
    cache = ReleaseCache()
    cache.keep(_asked("a", 0), _known())
    assert cache.find(_asked("a", 0), START + timedelta(days=2)) is None
    cache.keep(_asked("b", 0), _known())
    assert _kept(cache, "b", range(1)) == [0]


def test_a_last_use_is_written_down_once_a_minute_whoever_asks() -> None:
    cache = ReleaseCache()
    assert not cache.is_marked("key", START)
    cache.mark({"key", "agent"}, START)
    almost, later = START + timedelta(seconds=59), START + timedelta(seconds=60)
    assert [cache.is_marked(one, almost) for one in ("key", "agent", "other")] == [True, True, False]
    assert [cache.is_marked(one, later) for one in ("key", "agent")] == [False, False]
    # A variable of the server has no row that could be marked.
    assert cache.is_marked("", START)
