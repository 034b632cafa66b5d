"""Servers that answer whoever asks: a good answer proves a key only where a made-up one is refused."""

import pytest

from keyportal.domain.checks import Outcome
from keyportal.providers.registry import CATALOGUE
from tests.fakes.fake_provider import Answer, FakeProvider, Received
from tests.fakes.provider_replies.shapes import listing
from tests.providers.support import KEY, check_at

GOOD = {
    "google_speech": ("/v1/operations", Answer(200, {"operations": []})),
    "litellm": ("/models", listing("model-1")),
    "nona": ("/models", listing("model-1")),
    "ollama": ("/api/tags", Answer(200, {"models": [{"name": "llama3.2:1b"}]})),
    "vllm": ("/models", listing("model-1")),
    "zhipu": ("/models", listing("glm-4.5-flash")),
}
OPEN_ONES = sorted(GOOD)


def _comparing() -> list[str]:
    return sorted(
        provider.id
        for provider in CATALOGUE
        if provider.check.compare_made_up
        or (provider.check.fallback is not None and provider.check.fallback.compare_made_up)
    )


def test_every_provider_that_compares_is_here() -> None:
    assert _comparing() == OPEN_ONES


@pytest.mark.parametrize("provider_id", OPEN_ONES)
async def test_a_server_open_to_all_leaves_the_key_unchecked(provider_id: str) -> None:
    path, good = GOOD[provider_id]
    with FakeProvider() as fake:
        fake.act({path: good})
        result = await check_at(fake, provider_id)
    assert result.outcome is Outcome.UNCHECKED
    assert "answers a made-up key alike" in result.message


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("provider_id", OPEN_ONES)
async def test_a_server_that_refuses_a_made_up_key_proves_the_key(provider_id: str, status: int) -> None:
    path, good = GOOD[provider_id]
    with FakeProvider() as fake:
        fake.act({path: good, f"made-up {path}": Answer(status, {})})
        result = await check_at(fake, provider_id)
    assert result.outcome is Outcome.VALID
    assert sum(KEY not in repr(request.headers) for request in fake.requests) == 1


@pytest.mark.parametrize("status", [204, 302, 404, 429, 500, 503])
@pytest.mark.parametrize("provider_id", OPEN_ONES)
async def test_any_other_answer_to_a_made_up_key_proves_nothing(provider_id: str, status: int) -> None:
    path, good = GOOD[provider_id]
    with FakeProvider() as fake:
        fake.act({path: good, f"made-up {path}": Answer(status, b"")})
        result = await check_at(fake, provider_id)
    assert result.outcome is Outcome.UNCHECKED
    assert "was not to be found out" in result.message


@pytest.mark.parametrize("provider_id", OPEN_ONES)
async def test_a_server_that_goes_down_before_the_second_call_proves_nothing(provider_id: str) -> None:
    good = GOOD[provider_id][1]
    with FakeProvider() as fake:
        # Whoever brings no key gets no answer at all: the connection just ends.
        fake.drop()
        fake.answer(good.status, good.body, key=KEY)
        result = await check_at(fake, provider_id)
    assert result.outcome is Outcome.UNCHECKED


async def test_an_address_that_only_knows_the_other_list_is_compared_there() -> None:
    with FakeProvider() as fake:
        fake.act({"/models": listing("llama3.2:1b"), "made-up /models": Answer(401, {})})
        result = await check_at(fake, "ollama")
    assert (result.outcome, result.models) == (Outcome.VALID, ("llama3.2:1b",))


async def test_a_server_that_takes_any_key_but_wants_one_proves_nothing() -> None:
    def choose(request: Received) -> Answer:
        return listing("model-1") if "authorization" in request.headers else Answer(401, {})

    with FakeProvider() as fake:
        fake.answer_by(choose)
        result = await check_at(fake, "vllm")
    assert result.outcome is Outcome.UNCHECKED


async def test_a_server_that_is_closed_to_everybody_does_not_know_the_key() -> None:
    with FakeProvider() as fake:
        fake.act({"/models": Answer(403, {})})
        closed = await check_at(fake, "vllm")
        fake.act({"/models": Answer(403, {}), "made-up /models": Answer(401, {})})
        known = await check_at(fake, "vllm")
    assert (closed.outcome, known.outcome) == (Outcome.UNCHECKED, Outcome.VALID_LIMITED)


async def test_no_two_made_up_keys_are_alike() -> None:
    with FakeProvider() as fake:
        fake.act({"/models": listing("model-1"), "made-up /models": Answer(401, {})})
        for _ in range(2):
            await check_at(fake, "vllm")
        made_up = [r.headers["authorization"] for r in fake.requests if KEY not in repr(r.headers)]
    assert len(set(made_up)) == 2
