"""A Secret shows itself to nobody who does not ask by name."""

import copy
import json
import pickle
from dataclasses import asdict, dataclass

import pytest

from keyportal.domain.secret import Secret

CANARY = "sk-canary-7f3b9d1e5a"


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{:>40}".format,
        "{!r:.3}".format,
        lambda s: f"{s}",
        lambda s: f"{s!s:10}",
        lambda s: "%s" % s,  # noqa: UP031
        lambda s: repr([{"key": s}]),
        lambda s: json.dumps({"key": s}, default=str),
    ],
)
def test_no_way_of_printing_shows_the_text(show) -> None:
    shown = show(Secret(CANARY))
    assert CANARY not in shown
    assert shown.strip()[:3] not in CANARY


@pytest.mark.parametrize("act", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_a_secret_is_not_pickled_copied_or_made_json(act) -> None:
    with pytest.raises(TypeError) as refusal:
        act(Secret(CANARY))
    assert CANARY not in str(refusal.value)


def test_a_dataclass_that_holds_one_cannot_be_turned_into_a_dict() -> None:
    @dataclass
    class Form:
        api_key: Secret

    with pytest.raises(TypeError):
        asdict(Form(Secret(CANARY)))


def test_it_has_no_dict_to_look_into() -> None:
    with pytest.raises(TypeError):
        vars(Secret(CANARY))


def test_reveal_is_the_way_to_the_text() -> None:
    assert Secret(CANARY).reveal() == CANARY


def test_equal_texts_are_equal_secrets() -> None:
    assert Secret(CANARY) == Secret("sk-canary-" + "7f3b9d1e5a")


@pytest.mark.parametrize("other", [Secret("other"), Secret(""), CANARY, None, 1])
def test_another_text_or_type_is_not_equal(other) -> None:
    assert Secret(CANARY) != other


def test_texts_no_codec_takes_can_still_be_compared() -> None:
    assert Secret("\ud800") != Secret("\udfff")


def test_it_cannot_become_a_cache_key() -> None:
    with pytest.raises(TypeError):
        hash(Secret(CANARY))


def test_only_an_empty_one_is_false() -> None:
    assert (bool(Secret("")), bool(Secret(" "))) == (False, True)
