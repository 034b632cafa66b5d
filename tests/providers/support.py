"""What the provider tests share: a key that may leak nowhere, a client that reaches one fake."""

import json

from keyportal.domain.checks import CheckResult
from keyportal.domain.secret import Secret
from keyportal.providers.base import Provider
from keyportal.providers.checking import check
from keyportal.providers.http import GuardedClient
from keyportal.providers.registry import Registry
from tests.fakes.fake_provider import FakeProvider
from tests.fakes.provider_replies import ECHO

KEY = "sk-canary-7Yq2Zr9Xw4Vt1Bn6Mk3Lp8"


def client_for(fake: FakeProvider, deadline_s: float = 5.0) -> GuardedClient:
    return GuardedClient(frozenset({fake.url}), deadline_s=deadline_s)


def provider_at(fake: FakeProvider, provider_id: str = "openai") -> Provider:
    return Registry.of({provider_id: fake.url}).get(provider_id)


async def check_at(
    fake: FakeProvider, provider_id: str = "openai", *, deadline_s: float = 5.0, key: str = KEY
) -> CheckResult:
    return await check(provider_at(fake, provider_id), Secret(key), {}, client_for(fake, deadline_s))


def with_echo(body: object) -> bytes:
    """Return a reply body as bytes with the whole key where the provider would repeat it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return content.replace(ECHO.encode(), KEY.encode())


def leaks(result: CheckResult, key: str = KEY) -> bool:
    """Tell whether any field of a result holds eight characters of the key in a row."""
    text = repr(result).lower()
    pieces = [key[start : start + 8].lower() for start in range(len(key) - 7)]
    return any(piece in text for piece in pieces)
