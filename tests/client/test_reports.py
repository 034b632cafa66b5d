"""What came of a key: read from what an SDK raised, sent in one line, never in the way."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from keyportal.client import AlreadyReported, NoKey, Outcome, Resolution, outcome_of
from keyportal.client.answers import resolution_in
from keyportal.domain.usage import ReportedOutcome
from tests.client.support import ANSWER, refused
from tests.fakes.fake_provider import FakeProvider

Way = Callable[..., Any]


@pytest.fixture
def resolution() -> Resolution:
    return resolution_in(json.dumps(ANSWER).encode(), "openai")


class Raised(Exception):
    """What an SDK raises, as far as anything looks at it."""

    def __init__(self, **attributes: object) -> None:
        super().__init__("insufficient_quota in words means nothing")
        self.__dict__.update(attributes)


class WithStatus:
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


def test_the_outcomes_are_those_of_the_portal() -> None:
    assert [str(o) for o in Outcome] == [str(o) for o in ReportedOutcome]


@pytest.mark.parametrize(
    ("error", "outcome", "status"),
    [
        (Raised(status_code=401), Outcome.AUTH_FAILED, 401),
        (Raised(status_code=403), Outcome.AUTH_FAILED, 403),
        (Raised(status_code=402), Outcome.QUOTA_EXHAUSTED, 402),
        (Raised(status_code=429), Outcome.RATE_LIMITED, 429),
        (Raised(status_code=429, code="insufficient_quota"), Outcome.QUOTA_EXHAUSTED, 429),
        (Raised(status_code=429, body={"code": "insufficient_quota"}), Outcome.QUOTA_EXHAUSTED, 429),
        (
            Raised(status_code=429, body={"error": {"type": "insufficient_quota"}}),
            Outcome.QUOTA_EXHAUSTED,
            429,
        ),
        (Raised(status_code=400, type="billing_error"), Outcome.QUOTA_EXHAUSTED, 400),
        (Raised(status_code=400), Outcome.ERROR, 400),
        (Raised(status_code=500), Outcome.ERROR, 500),
        (Raised(response=WithStatus(401)), Outcome.AUTH_FAILED, 401),
        (Raised(status=429), Outcome.RATE_LIMITED, 429),
        (Raised(code=403), Outcome.AUTH_FAILED, 403),
        (Raised(code=7), Outcome.ERROR, None),
        (Raised(status_code="401"), Outcome.ERROR, None),
        (Raised(status_code=401001), Outcome.ERROR, None),
        (ConnectionError(), Outcome.ERROR, None),
    ],
    ids=range(17),
)
def test_an_exception_is_read_by_status_and_code(
    error: Exception, outcome: Outcome, status: int | None
) -> None:
    assert outcome_of(error) == (outcome, status)


def test_a_report_is_sent_with_its_status(way: Way, fake: FakeProvider, resolution: Resolution) -> None:
    way(fake.url).call("report", resolution, "auth_failed", 401)
    [request] = fake.requests
    assert (request.method, request.path) == ("POST", "/api/usage")
    assert json.loads(request.body) == {
        "resolution_id": resolution.resolution_id,
        "outcome": "auth_failed",
        "http_status": 401,
    }


def test_the_id_of_a_resolution_will_do(way: Way, fake: FakeProvider) -> None:
    way(fake.url).call("report", "some-id-1", Outcome.OK)
    assert json.loads(fake.requests[0].body) == {"resolution_id": "some-id-1", "outcome": "ok"}


def test_a_word_that_is_no_outcome_is_never_sent(way: Way, fake: FakeProvider) -> None:
    with pytest.raises(ValueError, match="fine"):
        way(fake.url).call("report", "some-id", "fine")
    assert fake.hits == 0


def test_another_report_for_the_same_is_refused(way: Way, fake: FakeProvider) -> None:
    fake.answer(409, refused("already_reported"))
    with pytest.raises(AlreadyReported):
        way(fake.url).call("report", "some-id", "ok")


def test_a_block_that_ends_well_is_reported_ok(way: Way, fake: FakeProvider, resolution: Resolution) -> None:
    way(fake.url).reporting(resolution)
    assert json.loads(fake.requests[0].body)["outcome"] == "ok"


def test_a_block_that_fails_is_reported_and_its_exception_goes_on(
    way: Way, fake: FakeProvider, resolution: Resolution
) -> None:
    failure = Raised(status_code=401)
    with pytest.raises(Raised) as raised:
        way(fake.url).reporting(resolution, failure)
    body = json.loads(fake.requests[0].body)
    assert raised.value is failure
    assert (body["outcome"], body["http_status"]) == ("auth_failed", 401)


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), NoKey("another call to the portal")], ids=["stop", "ours"]
)
def test_what_says_nothing_of_the_key_is_not_reported(
    way: Way, fake: FakeProvider, resolution: Resolution, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        way(fake.url).reporting(resolution, error)
    assert fake.hits == 0


def test_a_report_that_fails_is_logged_and_forgotten(
    way: Way, fake: FakeProvider, resolution: Resolution, caplog: pytest.LogCaptureFixture
) -> None:
    fake.answer(404, refused("not_found"))
    with caplog.at_level(logging.WARNING, "keyportal.client"):
        way(fake.url).reporting(resolution)
    assert [r.getMessage() for r in caplog.records] == [
        "the outcome of a call could not be reported: not_found"
    ]


def test_a_report_that_fails_does_not_hide_the_exception(
    way: Way, fake: FakeProvider, resolution: Resolution
) -> None:
    fake.answer(404, refused("not_found"))
    with pytest.raises(Raised):
        way(fake.url).reporting(resolution, Raised(status_code=500))
