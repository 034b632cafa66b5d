"""A sentence is text in UTC for whoever prints it, and keeps its moments for whoever shows it."""

import pickle
from datetime import UTC, datetime, timedelta, timezone

from keyportal.domain.sentences import Sentence

AT = datetime(2026, 11, 21, 12, 10, tzinfo=UTC)


def test_its_text_names_the_zone() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=13)))
    assert Sentence("Until ", elsewhere, " it waits.") == "Until 21 Nov 2026, 12:10 UTC it waits."


def test_what_is_made_of_sentences_keeps_their_moments() -> None:
    inner = Sentence("refused until ", AT)
    made = Sentence("mine was ", inner, ".", " Test it.")
    assert made.parts == ("mine was refused until ", AT, ". Test it.")


def test_nothing_said_is_nothing() -> None:
    assert not Sentence()
    assert Sentence("", Sentence()).parts in ((), ("",))


def test_a_copy_is_whole() -> None:
    made = Sentence("until ", AT)
    assert pickle.loads(pickle.dumps(made)).parts == made.parts
