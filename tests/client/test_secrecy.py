"""Neither the resolved key nor the agent key shows up anywhere but where it is meant to."""

import copy
import dataclasses
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from keyportal.client import ClientError, KeyPortal, NoKey, Resolution, TooManyRequests
from keyportal.client.answers import resolution_in
from tests.client.support import AGENT_KEY, ANSWER, API_KEY, SESSION_TOKEN, refused
from tests.fakes.fake_provider import FakeProvider

SECRETS = (AGENT_KEY, API_KEY, SESSION_TOKEN)
Way = Callable[..., Any]


@pytest.fixture
def resolution() -> Resolution:
    return resolution_in(json.dumps(ANSWER).encode(), "openai")


def holds_none(text: object) -> bool:
    return not any(secret in str(text) for secret in SECRETS)


def test_no_printed_form_of_a_resolution_holds_the_key(resolution: Resolution) -> None:
    for text in (repr(resolution), f"{resolution}", vars(resolution), dataclasses.asdict(resolution)):
        assert holds_none(text)
    assert (resolution.api_key, resolution.fields["session_token"]) == (API_KEY, SESSION_TOKEN)


def test_a_resolution_cannot_be_pickled_or_written_as_json(resolution: Resolution) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(resolution)
    with pytest.raises(TypeError) as refusal:
        json.dumps(dataclasses.asdict(resolution))
    assert holds_none(refusal.value)


def test_a_copy_within_the_process_still_has_the_key(resolution: Resolution) -> None:
    assert copy.copy(resolution).api_key == copy.deepcopy(resolution).api_key == API_KEY


def test_a_resolution_cannot_be_changed(resolution: Resolution) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        resolution.source = "system"  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        resolution.fields["region"] = "eu"  # pyright: ignore[reportIndexIssue]


def test_a_client_shows_its_address_and_never_its_key() -> None:
    with KeyPortal("https://keys.example.com", AGENT_KEY) as portal:
        assert repr(portal) == "KeyPortal('https://keys.example.com')"
        assert holds_none(vars(portal))
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(portal)


def test_not_even_the_loudest_log_holds_a_key(
    way: Way, fake: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        way(fake.url).call("resolve", "openai")
    assert any("/api/resolve" in r.getMessage() for r in caplog.records)
    assert all(holds_none(r.getMessage()) for r in caplog.records)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, json.dumps(ANSWER).encode()[:-1]),
        (200, {**ANSWER, "base_url": 7}),
        (404, {**ANSWER, **refused("no_key")}),
        (500, ANSWER),
    ],
    ids=["cut off", "wrong type", "refusal", "trouble"],
)
def test_no_error_holds_a_key_however_deep_one_looks(
    way: Way, fake: FakeProvider, status: int, body: object
) -> None:
    fake.answer(status, body)
    with pytest.raises(ClientError) as refusal:
        way(fake.url, budget_s=0.1).call("resolve", "openai")
    error: BaseException | None = refusal.value
    assert holds_none("".join(traceback.format_exception(refusal.value)))
    while error is not None:
        assert holds_none(vars(error)) and not isinstance(error, ValueError)
        error = error.__context__


@pytest.mark.parametrize(
    "error",
    [NoKey("nothing", status=404), TooManyRequests("wait", code="x", status=429, retry_after=5)],
    ids=["refusal", "wait"],
)
def test_an_error_survives_a_pool_of_workers(error: ClientError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
