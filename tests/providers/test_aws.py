"""AWS: the secret signs and is never sent, and its two steps are told apart."""

import hashlib
import hmac
import logging
import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import pytest

from keyportal.domain.checks import CheckResult, Outcome
from keyportal.domain.secret import Secret
from keyportal.providers.asking import RETRY_AFTER_S
from keyportal.providers.checking import check
from tests.fakes.fake_provider import Answer, FakeProvider, Received, answer_in
from tests.fakes.provider_replies import REPLIES
from tests.fakes.provider_replies.clouds import (
    FOUNDATION_MODELS,
    IDENTITY,
    STS,
    VOCABULARIES,
    aws_json,
    sts,
)
from tests.providers.support import FIELDS, KEY, check_at, client_for, good_run, leaks, provider_at

TOKEN = "FwoGZXIvYXdzEXAMPLEsessiontoken=="
BEARER_KEY = "ABSK" + "Zr9Xw4Vt" * 16
TEMPORARY = {**FIELDS["aws_transcribe"], "access_key_id": "ASIAIOSFODNN7EXAMPLE", "session_token": TOKEN}


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _signature(request: Received, host: str, service: str, secret: str) -> str:
    """Compute signature version 4 once more, as AWS documents it, from what was sent."""
    url = urlsplit(request.path)
    authorization = request.headers["authorization"]
    names = _part("SignedHeaders", authorization).split(";")
    values = {**request.headers, "host": host}
    query = "&".join(sorted(url.query.split("&"))) if url.query else ""
    canonical = "\n".join(
        [
            request.method,
            quote(url.path, safe="/~"),
            query,
            *(f"{name}:{values[name]}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    scope = _part("Credential", authorization).partition("/")[2]
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    day, region = scope.split("/")[:2]
    key = _mac(_mac(_mac(_mac(f"AWS4{secret}".encode(), day), region), service), "aws4_request")
    assert scope == f"{day}/{region}/{service}/aws4_request"
    return _mac(key, f"AWS4-HMAC-SHA256\n{request.headers['x-amz-date']}\n{scope}\n{digest}").hex()


def _part(name: str, authorization: str) -> str:
    found = re.search(rf"{name}=([^, ]+)", authorization)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("provider_id", ["aws_transcribe", "aws_bedrock"])
async def test_each_step_is_signed_as_documented_and_never_holds_the_secret(provider_id: str) -> None:
    client = await good_run(provider_id)
    services = ["sts", provider_id.removeprefix("aws_")]
    for request, url, service in zip(client.requests, client.urls, services, strict=True):
        signature = _signature(request, urlsplit(url).netloc, service, KEY)
        assert _part("Signature", request.headers["authorization"]) == signature
        assert KEY not in repr(request)


async def test_the_signature_arrives_as_it_was_made() -> None:
    with FakeProvider() as fake:
        fake.act(REPLIES["aws_transcribe"].good)
        await check_at(fake, "aws_transcribe")
    for request, service in zip(fake.requests, ["sts", "transcribe"], strict=True):
        signature = _signature(request, request.headers["host"], service, KEY)
        assert _part("Signature", request.headers["authorization"]) == signature
        assert KEY.encode() not in request.body and KEY not in repr(request.headers)


async def test_a_model_of_bedrock_is_asked_with_a_right_signature_though_its_name_has_a_colon() -> None:
    with FakeProvider() as fake:
        fake.act(REPLIES["aws_bedrock"].good)
        await check_at(fake, "aws_bedrock", model="amazon.nova-micro-v1:0")
    request = fake.requests[-1]
    assert request.path == "/model/amazon.nova-micro-v1:0/converse"
    signature = _signature(request, request.headers["host"], "bedrock", KEY)
    assert _part("Signature", request.headers["authorization"]) == signature


async def test_a_session_token_is_sent_with_every_step_and_comes_back_in_no_field() -> None:
    with FakeProvider() as fake:
        fake.act({STS: IDENTITY, VOCABULARIES: aws_json(400, f"X{TOKEN[:20]}")})
        result = await check_at(fake, "aws_transcribe", fields=TEMPORARY)
    assert [r.headers["x-amz-security-token"] for r in fake.requests] == [TOKEN, TOKEN]
    assert result.code is None and not leaks(result, TOKEN)


@pytest.mark.parametrize("missing", ["session_token", "access_key_id"])
async def test_what_a_signature_needs_is_asked_for_before_anything_is_sent(missing: str) -> None:
    fields = {name: value for name, value in TEMPORARY.items() if name != missing}
    with FakeProvider() as fake:
        result = await check_at(fake, "aws_bedrock", fields=fields)
    assert result.outcome is Outcome.UNCHECKED
    assert missing.replace("_", " ") in result.message.lower()
    assert fake.hits == 0


class _Once:
    """Says at first that the signature is wrong, then answers as a good key deserves."""

    def __init__(self, wrong: int) -> None:
        self.wrong = wrong

    def __call__(self, request: Received) -> Answer:
        self.wrong -= 1
        if self.wrong >= 0:
            return sts(403, "SignatureDoesNotMatch")
        return answer_in(REPLIES["aws_transcribe"].good, request)


async def _check_after(wrong: int, fake: FakeProvider) -> tuple[CheckResult, list[float]]:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    fake.answer_by(_Once(wrong))
    provider, fields = provider_at(fake, "aws_transcribe"), FIELDS["aws_transcribe"]
    return await check(provider, Secret(KEY), fields, client_for(fake), pause=pause), pauses


async def test_a_false_refusal_of_the_signature_is_asked_about_once_more() -> None:
    with FakeProvider() as fake:
        result, pauses = await _check_after(1, fake)
    assert (result.outcome, pauses, fake.hits) == (Outcome.VALID, [RETRY_AFTER_S], 3)


async def test_a_signature_refused_twice_is_a_wrong_key() -> None:
    with FakeProvider() as fake:
        result, pauses = await _check_after(2, fake)
    assert (result.outcome, result.code) == (Outcome.INVALID, "SignatureDoesNotMatch")
    assert (len(pauses), fake.hits) == (1, 2)
    assert "the id, token or region beside it" in result.message


async def test_a_wrong_clock_is_named() -> None:
    with FakeProvider() as fake:
        fake.act({STS: sts(403, "RequestExpired")})
        result = await check_at(fake, "aws_transcribe")
    assert result.outcome is Outcome.UNCHECKED
    assert "The clock of this server is off" in result.message


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({STS: sts(403, "InvalidClientTokenId")}, Outcome.INVALID),
        ({STS: sts(403, "ExpiredToken")}, Outcome.INVALID),
        ({STS: sts(403, "SomethingNew")}, Outcome.UNCHECKED),
        ({STS: sts(400, "RequestExpired")}, Outcome.UNCHECKED),
        ({STS: sts(400, "Throttling")}, Outcome.RATE_LIMITED),
        ({STS: Answer(200, b"<GetCallerIdentityResponse/>")}, Outcome.UNCHECKED),
        ({STS: IDENTITY}, Outcome.UNCHECKED),
        (
            {STS: IDENTITY, VOCABULARIES: aws_json(400, "UnrecognizedClientException")},
            Outcome.REGION_OR_ENDPOINT_MISMATCH,
        ),
        ({STS: IDENTITY, VOCABULARIES: aws_json(400, "LimitExceededException")}, Outcome.RATE_LIMITED),
        ({STS: IDENTITY, VOCABULARIES: aws_json(400, "OptInRequired")}, Outcome.VALID_LIMITED),
        ({STS: IDENTITY, VOCABULARIES: aws_json(400, "SerializationException")}, Outcome.UNCHECKED),
        ({STS: IDENTITY, VOCABULARIES: aws_json(500, "InternalFailureException")}, Outcome.PROVIDER_ERROR),
    ],
)
async def test_each_step_is_read_by_its_codes(answers: Mapping[str, Answer], outcome: Outcome) -> None:
    with FakeProvider() as fake:
        fake.act(answers)
        result = await check_at(fake, "aws_transcribe")
    assert result.outcome is outcome


@pytest.mark.parametrize(
    ("status", "told", "outcome"),
    [
        (403, "UnrecognizedClientException:http://internal.amazon.com/", Outcome.REGION_OR_ENDPOINT_MISMATCH),
        (403, "AccessDeniedException", Outcome.VALID_LIMITED),
        (400, "com.amazon#ThrottlingException", Outcome.RATE_LIMITED),
        (400, "ValidationException:", Outcome.UNCHECKED),
    ],
)
async def test_bedrocks_codes_stand_in_a_header(status: int, told: str, outcome: Outcome) -> None:
    refused = Answer(status, {"message": "Refused."}, (("x-amzn-ErrorType", told),))
    with FakeProvider() as fake:
        fake.act({STS: IDENTITY, FOUNDATION_MODELS: refused})
        result = await check_at(fake, "aws_bedrock")
    assert result.outcome is outcome
    assert result.code == told.partition(":")[0].rpartition("#")[2]


async def test_the_session_token_stays_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fields = {"access_key_id": "ASIAIOSFODNN7EXAMPLE", "region": "eu-central-1", "session_token": "T" * 40}
    with FakeProvider() as fake:
        await check_at(fake, "aws_transcribe", fields=fields)
    assert fake.requests[0].headers["x-amz-security-token"] == "T" * 40
    assert "T" * 40 not in caplog.text


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(200, {"modelSummaries": [{"modelId": "amazon.nova-micro-v1:0"}]}), Outcome.VALID),
        (Answer(403, {"Message": "Authentication failed"}), Outcome.UNCHECKED),
        (Answer(403, {"__type": "UnrecognizedClientException"}), Outcome.INVALID),
        (Answer(401, {}), Outcome.INVALID),
    ],
)
async def test_an_api_key_of_bedrock_is_sent_as_it_is_and_needs_no_id(
    answer: Answer, outcome: Outcome
) -> None:
    with FakeProvider() as fake:
        fake.act(answer)
        result = await check_at(fake, "aws_bedrock", key=BEARER_KEY, fields={"region": "eu-central-1"})
    (request,) = fake.requests
    assert request.headers["authorization"] == f"Bearer {BEARER_KEY}"
    assert result.outcome is outcome and not leaks(result, BEARER_KEY)
