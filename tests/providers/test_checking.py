"""The check as a whole: what reaches the provider, and what may come back from it."""

import dataclasses

import pytest

from keyportal.domain.checks import Outcome
from keyportal.domain.secret import Secret
from keyportal.providers.base import Field
from keyportal.providers.checking import check
from keyportal.providers.registry import Registry
from tests.fakes.fake_provider import FakeProvider
from tests.providers.support import KEY, check_at, client_for, leaks, provider_at

REGION = Field("region", "Region", "Like westeurope.", True, "[a-z0-9]+")


async def test_a_refused_key_gets_a_sentence_to_act_on() -> None:
    with FakeProvider() as fake:
        fake.answer(401, {"error": {"code": "invalid_api_key", "message": f"Incorrect: {KEY}"}})
        result = await check_at(fake)
    assert result.message == (
        "OpenAI refused this key (invalid_api_key): the key is wrong, or it may not be used from this "
        "address or organization. Check both; if the rest is right, create a new key at "
        "platform.openai.com/api-keys and replace it here."
    )
    assert result.code == "invalid_api_key"


async def test_an_echo_of_the_key_reaches_no_field_of_the_result() -> None:
    with FakeProvider() as fake:
        fake.answer(401, {"error": {"code": KEY, "type": KEY[3:14]}}, {"X-Echo": KEY})
        refused = await check_at(fake)
        fake.answer(200, {"data": [{"id": KEY.upper()}, {"id": f"ft:{KEY}"}, {"id": "gpt-4o"}]})
        listed = await check_at(fake)
    assert refused.outcome is Outcome.INVALID and refused.code is None
    assert listed.models == ("gpt-4o",)
    assert not leaks(refused) and not leaks(listed)


async def test_a_numeric_key_does_not_come_back_as_a_balance() -> None:
    key = "1234567890123456"
    body = {"is_available": True, "balance_infos": [{"currency": "USD", "total_balance": key}]}
    with FakeProvider() as fake:
        fake.answer(200, body)
        result = await check_at(fake, "deepseek", key=key)
    assert result.outcome is Outcome.VALID
    assert result.balance is None


@pytest.mark.parametrize("code", ["a b", "<b>", "x" * 65, "", 7, None, ["a"], {"a": 1}])
async def test_a_code_that_is_not_one_is_dropped(code: object) -> None:
    with FakeProvider() as fake:
        fake.answer(401, {"error": {"code": code}})
        result = await check_at(fake)
    assert (result.outcome, result.code) == (Outcome.INVALID, None)


async def test_at_most_five_hundred_models_come_back() -> None:
    with FakeProvider() as fake:
        fake.answer(200, {"data": [{"id": f"m{number}"} for number in range(800)]})
        result = await check_at(fake)
    assert len(result.models) == 500


async def test_a_list_longer_than_the_cap_still_counts_as_valid() -> None:
    entries = [{"id": f"ft:gpt-4o:team:{number}", "object": "model"} for number in range(3000)]
    with FakeProvider() as fake:
        fake.answer(200, {"object": "list", "data": entries})
        result = await check_at(fake)
    assert result.outcome is Outcome.VALID


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308])
async def test_a_redirect_is_never_valid(status: int) -> None:
    with FakeProvider() as other, FakeProvider() as fake:
        fake.answer(status, {"data": [{"id": "gpt-4o"}]}, {"Location": other.url})
        result = await check_at(fake)
        assert result.outcome is Outcome.REGION_OR_ENDPOINT_MISMATCH
        assert (fake.hits, other.hits) == (1, 0)


@pytest.mark.parametrize("status", [201, 204, 206, 404, 405, 407, 409, 418, 422, 451, 499])
async def test_an_unknown_status_leaves_the_key_unchecked(status: int) -> None:
    with FakeProvider() as fake:
        fake.answer(status, b"" if status == 204 else b'{"data": [{"id": "gpt-4o"}]}')
        result = await check_at(fake)
    assert result.outcome is Outcome.UNCHECKED


@pytest.mark.parametrize("key", ["", "sk a", "sk\r\nX-Evil: 1", "sk\x00", "sk-\u00e9", "\uff53k", "\ud800"])
async def test_a_key_no_header_can_carry_is_never_sent(key: str) -> None:
    with FakeProvider() as fake:
        result = await check_at(fake, key=key)
    assert result.outcome is Outcome.UNCHECKED
    assert fake.hits == 0


async def test_optional_fields_become_headers_and_empty_ones_do_not() -> None:
    fields = {"organization": "org-abc", "project": ""}
    with FakeProvider() as fake:
        await check(provider_at(fake), Secret(KEY), fields, client_for(fake))
    (request,) = fake.requests
    assert request.headers["openai-organization"] == "org-abc"
    assert "openai-project" not in request.headers


@pytest.mark.parametrize(
    "fields",
    [{"organization": "org\r\nX: 1"}, {"organization": "org abc"}, {"host": "evil.test"}],
)
async def test_a_field_that_does_not_fit_stops_the_check(fields: dict[str, str]) -> None:
    with FakeProvider() as fake:
        result = await check(provider_at(fake), Secret(KEY), fields, client_for(fake))
    assert result.outcome is Outcome.UNCHECKED
    assert fake.hits == 0


@pytest.mark.parametrize("region", ["", "evil.test/", "a@b", "a#", "a.b", "we\u0661", "eu/"])
async def test_a_region_can_never_change_the_host(region: str) -> None:
    with FakeProvider() as fake:
        template = dataclasses.replace(
            provider_at(fake), base_url="https://{region}.speech.example", fields=(REGION,)
        )
        result = await check(template, Secret(KEY), {"region": region}, client_for(fake))
    assert result.outcome is Outcome.UNCHECKED
    assert result.message.startswith("Region")


def test_a_region_fills_its_place_in_the_address() -> None:
    provider = dataclasses.replace(
        Registry.of({}).get("openai"), base_url="https://{region}.speech.example", fields=(REGION,)
    )
    fields = provider.clean_fields({"region": " westeurope "})
    assert provider.address(fields) == "https://westeurope.speech.example"


async def test_a_provider_without_an_address_stays_unchecked() -> None:
    with FakeProvider() as fake:
        hosted = dataclasses.replace(provider_at(fake), base_url="")
        result = await check(hosted, Secret(KEY), {}, client_for(fake))
    assert result.outcome is Outcome.UNCHECKED
