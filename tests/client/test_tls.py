"""Over real TLS: an authority the system names is trusted, a certificate nobody vouches for is not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keyportal.client import Unavailable
from tests.client.support import ANSWER, API_KEY, SlowHeaders
from tests.fakes.fake_provider import FakeProvider
from tests.providers.test_tls import _certificate, _served_with

Way = Callable[..., Any]


def test_a_companys_own_authority_is_trusted(
    way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = _certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with FakeProvider(_served_with(certificate)) as fake:
        fake.answer(200, ANSWER)
        assert way(fake.url).call("resolve", "openai").api_key == API_KEY


def test_a_certificate_nobody_vouches_for_is_refused_at_once(
    way: Way, tmp_path: Path, pauses: list[float]
) -> None:
    with FakeProvider(_served_with(_certificate(tmp_path, "127.0.0.1"))) as fake:
        with pytest.raises(Unavailable, match="not trusted"):
            way(fake.url).call("resolve", "openai")
        assert (fake.requests, pauses) == ([], [])


def test_headers_byte_by_byte_end_with_the_budget_over_tls_too(
    way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = _certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with FakeProvider(_served_with(certificate)) as fake:
        slow = SlowHeaders(fake)
        with pytest.raises(Unavailable, match="did not answer in time"):
            way(fake.url, budget_s=0.5).call("resolve", "openai")
        assert (fake.hits, slow.ended) == (1, False)
