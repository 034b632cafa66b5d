"""The same answers over real TLS, and none from a server whose certificate nobody vouches for."""

import ipaddress
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from keyportal.domain.checks import Outcome
from keyportal.providers import http
from keyportal.providers.registry import Registry
from tests.fakes.fake_provider import FakeProvider
from tests.fakes.provider_replies import REPLIES
from tests.providers.support import check_at, key_for, leaks

# One for each way a key travels: in a header, in a form, as a signature, as a token.
EACH_WAY = {
    "HeaderAuth": "openai",
    "FormAuth": "nvidia",
    "AwsSignature": "aws_transcribe",
    "GoogleToken": "vertex_ai",
}
EXPECTED = {"good": Outcome.VALID, "bad": Outcome.INVALID, "down": Outcome.PROVIDER_ERROR}


def _certificate(folder: Path, host: str) -> Path:
    """Write a certificate that signed itself, with its key, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a provider on loopback")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    return file


def _served_with(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    certificate = _certificate(tmp_path, "127.0.0.1")
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(http, "_tls_context", lambda: context)
    with FakeProvider(_served_with(certificate)) as fake:
        yield fake


def test_each_way_is_one() -> None:
    for kind, provider_id in EACH_WAY.items():
        provider = Registry.of({}).get(provider_id)
        assert type(provider.check_for(key_for(provider_id)).auth).__name__ == kind


@pytest.mark.parametrize("situation", sorted(EXPECTED))
@pytest.mark.parametrize("provider_id", EACH_WAY.values())
async def test_the_table_holds_over_tls(trusted: FakeProvider, provider_id: str, situation: str) -> None:
    trusted.act(getattr(REPLIES[provider_id], situation))
    result = await check_at(trusted, provider_id)
    assert result.outcome is EXPECTED[situation], result
    assert trusted.url.startswith("https://") and trusted.requests


@pytest.mark.parametrize("provider_id", EACH_WAY.values())
async def test_a_certificate_nobody_vouches_for_gets_no_key(tmp_path: Path, provider_id: str) -> None:
    with FakeProvider(_served_with(_certificate(tmp_path, "127.0.0.1"))) as fake:
        fake.act(REPLIES[provider_id].good)
        result = await check_at(fake, provider_id)
    assert result.outcome is Outcome.UNREACHABLE
    assert "No safe connection" in result.message and "(TLS)" in result.message
    assert fake.requests == [] and not leaks(result, key_for(provider_id))


async def test_a_certificate_for_another_host_gets_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = _certificate(tmp_path, "127.0.0.2")
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(http, "_tls_context", lambda: context)
    with FakeProvider(_served_with(certificate)) as fake:
        result = await check_at(fake)
    assert result.outcome is Outcome.UNREACHABLE and "(TLS)" in result.message
    assert fake.requests == []
