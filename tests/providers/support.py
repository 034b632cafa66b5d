"""What the provider tests share: a key that may leak nowhere, and clients that reach one fake or none."""

import functools
import json
from collections.abc import Iterator, Mapping

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from keyportal.domain.checks import CheckResult, Outcome
from keyportal.domain.secret import Secret
from keyportal.providers.base import Check, Provider
from keyportal.providers.checking import check
from keyportal.providers.http import GuardedClient, Reply
from keyportal.providers.registry import CATALOGUE, Registry
from keyportal.providers.urls import parse_url
from tests.fakes.fake_provider import Answer, Choose, FakeProvider, Received, Steps, answer_in
from tests.fakes.provider_replies import ECHO, REPLIES

KEY = "sk-canary-7Yq2Zr9Xw4Vt1Bn6Mk3Lp8"
MODEL = "some-model-1"
IDS = sorted(provider.id for provider in CATALOGUE)
_AWS = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "region": "eu-central-1"}
# What providers need besides the key; one that is missing here leaves its key unchecked.
FIELDS: dict[str, Mapping[str, str]] = {
    "aws_bedrock": _AWS,
    "aws_transcribe": _AWS,
    "azure_openai": {"resource": "my-team"},
    "azure_speech": {"region": "westeurope"},
    "dashscope": {"region": "singapore"},
    "vertex_ai": {"project": "my-project-1"},
}


class ScriptedClient(GuardedClient):
    """Opens nothing: answers by script and remembers what was to be sent.

    `base_path` is left out of the paths it shows, as if the provider had been moved.
    """

    def __init__(self, choose: Choose, base_path: str = "") -> None:
        super().__init__(frozenset())
        self.urls: list[str] = []
        self.requests: list[Received] = []
        self._choose = choose
        self._base_path = base_path

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        self.urls.append(url)
        lower = {name.lower(): value for name, value in headers.items()}
        path = parse_url(url).target.removeprefix(self._base_path)
        self.requests.append(Received(method, path, lower, body or b""))
        answer = self._choose(self.requests[-1])
        return Reply(answer.status, {}, answer.content, 1)


@functools.cache
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@functools.cache
def service_account() -> str:
    """Return a document as Google hands it out, with a token address that leads astray."""
    pem = private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "my-project-1",
            "private_key_id": "0123456789abcdef0123456789abcdef01234567",
            "private_key": pem,
            "client_email": "keyportal@my-project-1.iam.gserviceaccount.com",
            "token_uri": "https://evil.test/token",
        }
    )


def key_for(provider_id: str) -> str:
    return service_account() if provider_id == "vertex_ai" else KEY


def client_for(fake: FakeProvider, deadline_s: float = 5.0) -> GuardedClient:
    return GuardedClient(frozenset({fake.url}), deadline_s=deadline_s)


def provider_at(fake: FakeProvider, provider_id: str = "openai") -> Provider:
    return Registry.of({provider_id: fake.url}).get(provider_id)


async def no_pause(seconds: float) -> None:
    """Wait for nothing."""


async def check_at(
    fake: FakeProvider,
    provider_id: str = "openai",
    *,
    deadline_s: float = 5.0,
    key: str | None = None,
    fields: Mapping[str, str] | None = None,
    model: str = "",
) -> CheckResult:
    """Check a provider that was moved to a fake, with its model where one is named."""
    return await check(
        provider_at(fake, provider_id),
        Secret(key_for(provider_id) if key is None else key),
        FIELDS.get(provider_id, {}) if fields is None else fields,
        client_for(fake, deadline_s),
        with_model=bool(model),
        model=model,
        pause=no_pause,
    )


async def check_with(client: GuardedClient, provider_id: str, key: str | None = None) -> CheckResult:
    """Check a provider where it really is, through a client that opens nothing."""
    return await check(
        Registry.of({}).get(provider_id),
        Secret(key or key_for(provider_id)),
        FIELDS.get(provider_id, {}),
        client,
        pause=no_pause,
    )


async def good_run(provider_id: str) -> ScriptedClient:
    """Check a provider where it really is, in its good situation, and return what was to be sent."""
    base = Registry.of({}).get(provider_id).base_url.partition("://")[2]
    client = ScriptedClient(
        lambda request: answer_in(REPLIES[provider_id].good, request),
        base.removeprefix(base.partition("/")[0]),
    )
    result = await check_with(client, provider_id)
    assert result.outcome is Outcome.VALID, result
    return client


def all_checks(provider: Provider) -> Iterator[Check]:
    """Yield every request description of a provider, those that follow from others too."""
    waiting: list[Check | None] = [provider.check, *(variant.check for variant in provider.variants)]
    while waiting:
        found = waiting.pop()
        if found is not None:
            yield found
            waiting += [found.fallback, found.follow_up, found.models, found.model_check]


def with_echo(body: object) -> bytes:
    """Return a reply body as bytes with the whole key where the provider would repeat it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return content.replace(ECHO.encode(), KEY.encode())


def echoing(situation: Answer) -> Answer:
    """Return a situation whose bodies hold the whole key where the provider would repeat it."""
    if isinstance(situation, Steps):
        return Steps.of({name: echoing(answer) for name, answer in situation.by_name.items()})
    return Answer(situation.status, with_echo(situation.body))


def leaks(result: CheckResult, key: str = KEY) -> bool:
    """Tell whether any field of a result holds eight characters of the key in a row."""
    text = repr(result).lower()
    secret = json.loads(key)["private_key"] if key.startswith("{") else key
    pieces = [secret[start : start + 8].lower() for start in range(len(secret) - 7)]
    return any(piece in text for piece in pieces)
