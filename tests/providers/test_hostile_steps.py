"""Servers that trickle, lie and explode at the first or at a later step of a check with several."""

import gzip
import importlib
from collections.abc import Callable

import pytest

from keyportal.domain.checks import CheckResult, Outcome
from tests.fakes.fake_provider import Answer, FakeProvider, Received, steps_of
from tests.fakes.provider_replies.clouds import IDENTITY, STS, TOKEN
from tests.providers.support import KEY, check_at, leaks, service_account

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
GOOD = b'{"Vocabularies": [], "operations": []}'
BOMB = gzip.compress(b'{"Vocabularies": [' + b" " * 20_000_000 + b"]}")

Hostile = Callable[[FakeProvider], None]
HOSTILE: dict[str, tuple[Hostile, Outcome]] = {
    "trickle": (lambda fake: fake.trickle(), Outcome.UNREACHABLE),
    "silence": (lambda fake: fake.stay_silent(), Outcome.UNREACHABLE),
    "endless headers": (lambda fake: fake.send_endless_headers(), Outcome.UNREACHABLE),
    "no answer": (lambda fake: fake.drop(), Outcome.UNREACHABLE),
    "wrong length": (
        lambda fake: fake.answer_raw(OK + b"Content-Length: 9000\r\n\r\n" + GOOD),
        Outcome.UNREACHABLE,
    ),
    "cut by its length": (
        lambda fake: fake.answer_raw(OK + b"Content-Length: 10\r\n\r\n" + GOOD),
        Outcome.UNCHECKED,
    ),
    "bomb": (lambda fake: fake.answer(200, BOMB, {"Content-Encoding": "gzip"}), Outcome.UNCHECKED),
    "endless body": (lambda fake: fake.answer(200, b'{"a": "' + b"a" * 5_000_000), Outcome.UNCHECKED),
    "HTML": (lambda fake: fake.answer(200, b"<html>Welcome</html>"), Outcome.UNCHECKED),
    "deep": (lambda fake: fake.answer(200, b"[" * 60_000), Outcome.UNCHECKED),
    "echo": (
        lambda fake: fake.answer(418, {"__type": KEY, "error": {"status": KEY}}, {"X-Echo": KEY}),
        Outcome.UNCHECKED,
    ),
}
# The first step of each, and how it is answered well.
FIRST = {"aws_transcribe": (STS, IDENTITY), "google_speech": ("/token", TOKEN)}


def _key(provider_id: str) -> str:
    return service_account() if provider_id == "google_speech" else KEY


async def _check(fake: FakeProvider, provider_id: str, name: str) -> CheckResult:
    # Only those that never come to an end are waited for.
    deadline_s = 1.0 if name in ("trickle", "silence") else 5.0
    return await check_at(fake, provider_id, key=_key(provider_id), deadline_s=deadline_s)


@pytest.fixture(autouse=True, scope="module")
def _signing_is_loaded() -> None:
    """The first signature loads a library, which is no part of a deadline here."""
    importlib.import_module("botocore.auth")
    service_account()


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("provider_id", FIRST)
async def test_a_hostile_first_step_ends_in_a_typed_outcome(provider_id: str, name: str) -> None:
    be_hostile, outcome = HOSTILE[name]
    with FakeProvider() as fake:
        be_hostile(fake)
        result = await _check(fake, provider_id, name)
    assert result.outcome is outcome, result
    assert not leaks(result, _key(provider_id)) and len(fake.requests) == 1


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("provider_id", FIRST)
async def test_a_hostile_second_step_ends_in_a_typed_outcome(provider_id: str, name: str) -> None:
    be_hostile, outcome = HOSTILE[name]
    step, answer = FIRST[provider_id]

    def choose(request: Received) -> Answer | None:
        is_first = step in steps_of(request) and "x-amz-target" not in request.headers
        return answer if is_first else None

    with FakeProvider() as fake:
        be_hostile(fake)
        fake.answer_by(choose)
        result = await _check(fake, provider_id, name)
    assert result.outcome is outcome, result
    assert not leaks(result, _key(provider_id)) and len(fake.requests) == 2
