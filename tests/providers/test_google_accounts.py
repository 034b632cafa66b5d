"""Google's service accounts: a statement signed for Google alone, and a token that goes no further."""

import json
from urllib.parse import parse_qs

import jwt
import pytest

from keyportal.domain.checks import Outcome
from keyportal.providers.signing import GOOGLE_TOKEN_URL
from tests.fakes.fake_provider import Answer, FakeProvider
from tests.fakes.provider_replies import REPLIES
from tests.fakes.provider_replies.clouds import COUNT, GRANT_REFUSED, OPERATIONS, TOKEN
from tests.providers.support import check_at, good_run, leaks, private_key, service_account

ACCESS_TOKEN = "ya29.token-for-a-while"
GOOD = {
    "google_speech": {
        "/token": TOKEN,
        f"made-up {OPERATIONS}": Answer(401, {}),
        OPERATIONS: Answer(200, {"operations": [{"name": "1"}]}),
    },
    "vertex_ai": REPLIES["vertex_ai"].good,
}
BOTH = sorted(GOOD)


@pytest.mark.parametrize("provider_id", BOTH)
async def test_a_document_becomes_a_token_and_the_token_asks(provider_id: str) -> None:
    with FakeProvider() as fake:
        fake.act(GOOD[provider_id])
        result = await check_at(fake, provider_id, key=service_account())
    assert result.outcome is Outcome.VALID, result
    first, second = fake.requests[:2]
    assert (first.method, first.path) == ("POST", "/token")
    assert second.headers["authorization"] == f"Bearer {ACCESS_TOKEN}"


@pytest.mark.parametrize("provider_id", BOTH)
async def test_the_statement_is_signed_for_google_whatever_the_document_says(provider_id: str) -> None:
    with FakeProvider() as fake:
        fake.act(GOOD[provider_id])
        await check_at(fake, provider_id, key=service_account())
    form = parse_qs(fake.requests[0].body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    claims = jwt.decode(
        form["assertion"][0], private_key().public_key(), algorithms=["RS256"], audience=GOOGLE_TOKEN_URL
    )
    assert claims["iss"] == "keyportal@my-project-1.iam.gserviceaccount.com"
    assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
    assert 0 < claims["exp"] - claims["iat"] <= 3600


async def test_the_token_is_asked_for_at_googles_own_address() -> None:
    client = await good_run("vertex_ai")
    assert "evil.test" in service_account()
    assert client.urls[0] == "https://oauth2.googleapis.com/token"
    assert not any("evil.test" in url for url in client.urls)


@pytest.mark.parametrize("provider_id", BOTH)
async def test_neither_document_nor_private_key_is_sent(provider_id: str) -> None:
    with FakeProvider() as fake:
        fake.act(GOOD[provider_id])
        await check_at(fake, provider_id, key=service_account())
    sent = repr([(r.path, dict(r.headers), r.body) for r in fake.requests])
    assert "PRIVATE KEY" not in sent and "client_email" not in sent


@pytest.mark.parametrize("provider_id", BOTH)
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (GRANT_REFUSED, Outcome.INVALID),
        (Answer(401, {"error": "invalid_client"}), Outcome.INVALID),
        (Answer(400, {"error": "invalid_scope"}), Outcome.UNCHECKED),
        (Answer(400, b"<html>"), Outcome.UNCHECKED),
        (Answer(200, {"access_token": "two words"}), Outcome.UNCHECKED),
        (Answer(200, {"access_token": ""}), Outcome.UNCHECKED),
        (Answer(200, {"access_token": None}), Outcome.UNCHECKED),
        (Answer(200, {}), Outcome.UNCHECKED),
        (Answer(200, b"<html>"), Outcome.UNCHECKED),
        (Answer(302, b""), Outcome.REGION_OR_ENDPOINT_MISMATCH),
        (Answer(429, {"error": "rate"}), Outcome.RATE_LIMITED),
        (Answer(503, b""), Outcome.PROVIDER_ERROR),
    ],
)
async def test_without_a_token_nothing_else_is_asked(
    provider_id: str, answer: Answer, outcome: Outcome
) -> None:
    with FakeProvider() as fake:
        fake.act({"/token": answer})
        result = await check_at(fake, provider_id, key=service_account())
    assert result.outcome is outcome
    assert fake.hits == 1


def _without(name: str) -> str:
    return json.dumps({n: v for n, v in json.loads(service_account()).items() if n != name})


@pytest.mark.parametrize("provider_id", BOTH)
@pytest.mark.parametrize(
    "document",
    [
        "{",
        "{}",
        '{"type": "service_account"}',
        '{"type": "authorized_user", "client_secret": "hunter2hunter2"}',
        _without("private_key"),
        _without("client_email"),
        service_account().replace("BEGIN PRIVATE KEY", "BEGIN PUBLIC KEY"),
        service_account().replace("MII", "AAA"),
        service_account()[:-40],
        "{" * 5000,
    ],
)
async def test_a_broken_document_is_never_sent(provider_id: str, document: str) -> None:
    with FakeProvider() as fake:
        result = await check_at(fake, provider_id, key=document)
    assert result.outcome is Outcome.UNCHECKED
    assert fake.hits == 0
    assert "hunter2" not in repr(result) and "PRIVATE" not in repr(result)


async def test_an_api_key_where_a_document_belongs_is_not_sent() -> None:
    with FakeProvider() as fake:
        result = await check_at(fake, "vertex_ai", key="AIza" + "a" * 35)
    assert (result.outcome, fake.hits) == (Outcome.UNCHECKED, 0)
    assert "service-account document" in result.message


async def test_a_token_that_comes_back_reaches_no_field() -> None:
    echo = {"error": {"status": ACCESS_TOKEN, "details": [{"reason": ACCESS_TOKEN[5:]}]}}
    with FakeProvider() as fake:
        fake.act({"/token": TOKEN, COUNT: Answer(403, echo)})
        result = await check_at(fake, "vertex_ai")
    assert result.outcome is Outcome.VALID_LIMITED
    assert result.code is None and not leaks(result, ACCESS_TOKEN)
