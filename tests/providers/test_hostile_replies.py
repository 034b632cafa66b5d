"""Servers that trickle, lie and explode: a typed outcome every time, and nothing leaked."""

import gzip
import logging

import pytest

from keyportal.domain.checks import Outcome
from tests.fakes.fake_provider import FakeProvider
from tests.providers.support import IDS, KEY, check_at, leaks

MODELS = b'{"data": [{"id": "gpt-4o"}]}'
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


async def test_a_slow_trickle_ends_at_the_deadline() -> None:
    with FakeProvider() as fake:
        fake.trickle()
        result = await check_at(fake, deadline_s=0.5)
    assert result.outcome is Outcome.UNREACHABLE
    assert "did not answer in time" in result.message


async def test_a_silent_server_ends_at_the_deadline() -> None:
    with FakeProvider() as fake:
        fake.stay_silent()
        result = await check_at(fake, deadline_s=0.5)
    assert (result.outcome, result.http_status) == (Outcome.UNREACHABLE, None)


async def test_endless_headers_end_in_a_typed_outcome() -> None:
    with FakeProvider() as fake:
        fake.send_endless_headers()
        result = await check_at(fake)
    assert result.outcome is Outcome.UNREACHABLE
    assert "not a proper HTTP answer" in result.message


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_an_encoded_body_is_never_unpacked(encoding: str) -> None:
    bomb = gzip.compress(b'{"data": [' + b" " * 20_000_000 + b"]}")
    with FakeProvider() as fake:
        fake.answer(200, bomb, {"Content-Encoding": encoding})
        result = await check_at(fake)
    assert result.outcome is Outcome.UNCHECKED


async def test_the_status_of_an_encoded_refusal_still_counts() -> None:
    with FakeProvider() as fake:
        fake.answer(401, gzip.compress(b"{}"), {"Content-Encoding": "gzip"})
        result = await check_at(fake)
    assert result.outcome is Outcome.INVALID


@pytest.mark.parametrize(
    "raw",
    [
        OK + b"Content-Length: 9000\r\n\r\n" + MODELS,
        OK + b"Content-Length: -1\r\n\r\n" + MODELS,
        OK + b"Content-Length: 5\r\nContent-Length: 28\r\n\r\n" + MODELS,
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + MODELS,
        b"220 mail.example ESMTP\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n",
        b"",
    ],
)
async def test_broken_http_is_no_answer(raw: bytes) -> None:
    with FakeProvider() as fake:
        fake.answer_raw(raw)
        result = await check_at(fake)
    assert result.outcome is Outcome.UNREACHABLE
    assert not leaks(result)


async def test_a_content_length_that_cuts_the_json_is_not_valid() -> None:
    with FakeProvider() as fake:
        fake.answer_raw(OK + b"Content-Length: 10\r\n\r\n" + MODELS)
        result = await check_at(fake)
    assert result.outcome is Outcome.UNCHECKED


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"7", b"{}", b'{"data": {}}', b'{"data": [1]}', b"[" * 60_000, b"\xff"],
)
@pytest.mark.parametrize("provider_id", IDS)
async def test_a_200_of_another_shape_is_never_valid(provider_id: str, body: bytes) -> None:
    with FakeProvider() as fake:
        fake.answer(200, body)
        result = await check_at(fake, provider_id)
    assert result.outcome is Outcome.UNCHECKED


async def test_an_endless_body_is_cut_and_not_valid() -> None:
    with FakeProvider() as fake:
        fake.answer(200, b'{"data": "' + b"a" * 5_000_000)
        result = await check_at(fake)
    assert result.outcome is Outcome.UNCHECKED


async def test_nothing_of_a_check_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FakeProvider() as fake:
        fake.answer(401, {"error": {"message": KEY}})
        await check_at(fake)
    assert KEY not in caplog.text
