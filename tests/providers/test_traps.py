"""Keys and replies made to hold up, crash or fool a check. Each was one that did."""

import base64
import json
import logging
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from keyportal.domain.checks import Outcome
from keyportal.providers.egress import is_allowed_inside, is_public
from keyportal.providers.inspecting import as_amount
from keyportal.providers.reading import Verdict, clean
from keyportal.providers.registry import Registry
from tests.fakes.fake_provider import Answer, FakeProvider
from tests.fakes.provider_replies import REPLIES
from tests.providers.support import KEY, check_at, private_key, service_account

PUBLIC = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
SSH = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
PRIVATE = (
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)
HTML = b"<!doctype html><html><body>Blocked by the company</body></html>"


def account_with(pem: bytes | str) -> str:
    text = pem.decode() if isinstance(pem, bytes) else pem
    return json.dumps({**json.loads(service_account()), "private_key": text})


@pytest.mark.parametrize(
    "pem",
    [
        private_key().public_key().public_bytes(*PUBLIC),
        private_key().public_key().public_bytes(*SSH),
        ec.generate_private_key(ec.SECP256R1()).private_bytes(*PRIVATE),
        rsa.generate_private_key(65537, 1024).private_bytes(*PRIVATE),
        private_key().private_bytes(*PRIVATE)[:-200],
        "-----BEGIN PRIVATE KEY-----\\n" + "A" * 6000,
        "-----BEGIN PRIVATE KEY-----\nMAUGAyoDBAUA\n-----END PRIVATE KEY-----\n",
        "",
    ],
    ids=["public", "ssh", "elliptic", "short", "cut", "long", "unknown", "empty"],
)
async def test_a_private_key_that_is_none_is_an_answer_and_sends_nothing(pem: bytes | str) -> None:
    with FakeProvider() as fake:
        result = await check_at(fake, "vertex_ai", key=account_with(pem))
    assert (result.outcome, fake.hits) == (Outcome.UNCHECKED, 0)
    assert "Download" in result.message


async def test_a_private_key_whose_parts_do_not_belong_together_is_none() -> None:
    der = private_key().private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    modulus = private_key().private_numbers().public_numbers.n
    forged = der.replace(modulus.to_bytes(256, "big"), (modulus + 2).to_bytes(256, "big"))
    body = base64.encodebytes(forged).decode()
    pem = f"-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----\n"
    with FakeProvider() as fake:
        result = await check_at(fake, "vertex_ai", key=account_with(pem))
    assert forged != der
    assert (result.outcome, fake.hits) == (Outcome.UNCHECKED, 0)


@pytest.mark.parametrize(
    "body",
    [
        b'{"access_token": "ya29.CANARYtoken", "x": [' + b"{}," * 40_000,
        b'{"access_token": "ya29.CANARYtoken", "x":',
        b'["access_token"]',
        b"{" * 60_000,
    ],
)
async def test_a_token_that_did_not_arrive_whole_is_none(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with FakeProvider() as fake:
        fake.act({"/token": Answer(200, body)})
        result = await check_at(fake, "vertex_ai")
    assert (result.outcome, fake.hits) == (Outcome.UNCHECKED, 1)
    assert "CANARYtoken" not in repr(result) + caplog.text


@pytest.mark.parametrize("text", ["1E+9999999", "1E+300000000", "-9E+999999999999", "1E+13"])
def test_an_amount_nobody_has_is_none(text: str) -> None:
    assert as_amount(text) is None


@pytest.mark.parametrize("text", ["0E+999999999", "0", "-0.00"])
def test_nothing_is_nothing_however_it_is_written(text: str) -> None:
    assert as_amount(text) == Decimal(0)


async def test_a_balance_cannot_fill_the_memory() -> None:
    infos = [{"currency": "USD", "total_balance": "1E+999999999999"}]
    with FakeProvider() as fake:
        fake.answer(200, {"is_available": True, "balance_infos": infos})
        result = await check_at(fake, "deepseek")
    assert (result.outcome, result.balance) == (Outcome.VALID, None)


def test_a_long_balance_and_long_lists_are_cut() -> None:
    models = tuple(f"model-{number}" for number in range(2000))
    kept = clean(Verdict(Outcome.VALID, None, models, "9" * 65), ["s" * 8192])
    assert (kept.balance, len(kept.models), kept.has_more_models) == (None, 500, True)


@pytest.mark.parametrize("status", [401, 402, 403])
@pytest.mark.parametrize("provider_id", sorted(REPLIES))
async def test_a_page_in_between_knows_no_keys(provider_id: str, status: int) -> None:
    with FakeProvider() as fake:
        fake.answer(status, HTML)
        result = await check_at(fake, provider_id)
    # Perplexity refuses keys with a page.
    expected = Outcome.INVALID if (provider_id, status) == ("perplexity", 401) else Outcome.UNCHECKED
    assert result.outcome is expected


@pytest.mark.parametrize("provider_id", ["openai", "anthropic", "groq", "mistral", "dashscope"])
async def test_a_200_that_tells_of_an_error_is_not_valid(provider_id: str) -> None:
    with FakeProvider() as fake:
        fake.answer(200, {"data": [], "error": {"code": "internal"}})
        result = await check_at(fake, provider_id)
    assert (result.outcome, result.code) == (Outcome.UNCHECKED, "internal")


@pytest.mark.parametrize(
    ("info", "models", "outcome"),
    [
        (403, 401, Outcome.INVALID),
        (404, 401, Outcome.INVALID),
        (404, 429, Outcome.RATE_LIMITED),
        (403, 503, Outcome.VALID_LIMITED),
        (404, 404, Outcome.UNCHECKED),
    ],
)
async def test_what_the_other_route_says_counts(info: int, models: int, outcome: Outcome) -> None:
    with FakeProvider() as fake:
        fake.act({"/key/info": Answer(info, {}), "/models": Answer(models, {})})
        result = await check_at(fake, "litellm")
    assert result.outcome is outcome


@pytest.mark.parametrize("provider_id", ["gladia", "google_speech"])
async def test_a_long_nested_list_still_counts(provider_id: str) -> None:
    words = [{"word": 'a [brace} in \\" it', "confidence": 0.9}] * 4000
    entry = {"id": "1", "name": "1", "result": {"transcription": {"utterances": [{"words": words}]}}}
    name = {"gladia": "items", "google_speech": "operations"}[provider_id]
    with FakeProvider() as fake:
        fake.act(Answer(200, {name: [entry]}))
        result = await check_at(fake, provider_id)
    assert result.outcome is Outcome.VALID


@pytest.mark.parametrize("address", ["168.63.129.16", "fd00:ec2::23", "fd00:ec2::254", "fd20:ce::254"])
def test_no_service_that_hands_out_credentials_is_open_to_anybody(address: str) -> None:
    assert not is_allowed_inside(address) and not is_public(address)


@pytest.mark.parametrize("provider_id", ["nvidia", "huggingface"])
def test_a_provider_at_its_own_address_asks_its_other_hosts_still(provider_id: str) -> None:
    own = Registry.of({}).get(provider_id)
    assert not own.with_base_url(own.base_url + "/").is_moved
    assert own.with_base_url("https://proxy.example").is_moved


async def test_a_key_is_never_part_of_what_is_kept() -> None:
    with FakeProvider() as fake:
        fake.answer(200, {"data": [{"id": f"a/{KEY[5:15]}"}, {"id": "gpt-4o"}]})
        result = await check_at(fake)
    assert result.models == ("gpt-4o",)
