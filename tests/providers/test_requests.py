"""What leaves the portal for each provider: the documented request, to the provider's own hosts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyportal.domain.errors import InvalidInput
from keyportal.providers.base import Field, FormAuth, HeaderAuth, Provider
from keyportal.providers.registry import CATALOGUE, Registry
from keyportal.providers.urls import parse_url
from tests.fakes.fake_provider import FakeProvider
from tests.fakes.provider_replies import REPLIES
from tests.providers.support import FIELDS, IDS, KEY, all_checks, check_at, good_run, key_for

BEARER = ("authorization", f"Bearer {KEY}")
_VERTEX = "/v1/projects/my-project-1/locations/us-central1/publishers/google/models"
_BEDROCK = "https://bedrock.eu-central-1.amazonaws.com/foundation-models"
STS = "POST https://sts.eu-central-1.amazonaws.com/"

# What a good key is asked with, in order, and the header it travels in; None where it is in no header.
ASKED: dict[str, tuple[tuple[str, str] | None, tuple[str, ...]]] = {
    "anthropic": (("x-api-key", KEY), ("GET https://api.anthropic.com/v1/models?limit=100",)),
    "assemblyai": (("authorization", KEY), ("GET https://api.assemblyai.com/v2/transcript?limit=1",)),
    "aws_bedrock": (None, (STS, f"GET {_BEDROCK}?byInferenceType=ON_DEMAND&byOutputModality=TEXT")),
    "aws_transcribe": (None, (STS, "POST https://transcribe.eu-central-1.amazonaws.com/")),
    "azure_openai": (
        ("api-key", KEY),
        ("GET https://my-team.openai.azure.com/openai/models?api-version=2024-10-21",),
    ),
    "azure_speech": (
        ("ocp-apim-subscription-key", KEY),
        ("GET https://westeurope.tts.speech.microsoft.com/cognitiveservices/voices/list",),
    ),
    "cerebras": (BEARER, ("GET https://api.cerebras.ai/v1/models",)),
    "cohere": (
        BEARER,
        (
            "POST https://api.cohere.com/v1/check-api-key",
            "GET https://api.cohere.com/v1/models?endpoint=chat&page_size=100",
        ),
    ),
    "dashscope": (BEARER, ("GET https://dashscope-intl.aliyuncs.com/compatible-mode/v1/models",)),
    "deepgram": (("authorization", f"Token {KEY}"), ("GET https://api.deepgram.com/v1/auth/token",)),
    "deepseek": (
        BEARER,
        ("GET https://api.deepseek.com/user/balance", "GET https://api.deepseek.com/models"),
    ),
    "edenai": (BEARER, ("GET https://api.edenai.run/v2/cost_management/credits/",)),
    "elevenlabs": (("xi-api-key", KEY), ("GET https://api.elevenlabs.io/v1/user",)),
    "fireworks": (BEARER, ("GET https://api.fireworks.ai/inference/v1/models",)),
    "gemini": (
        ("x-goog-api-key", KEY),
        ("GET https://generativelanguage.googleapis.com/v1beta/models?pageSize=50",),
    ),
    "gladia": (("x-gladia-key", KEY), ("GET https://api.gladia.io/v2/pre-recorded?limit=1",)),
    "google_speech": (
        ("x-goog-api-key", KEY),
        ("GET https://speech.googleapis.com/v1/operations?pageSize=1",) * 2,
    ),
    "groq": (BEARER, ("GET https://api.groq.com/openai/v1/models",)),
    "huggingface": (
        BEARER,
        ("GET https://huggingface.co/api/whoami-v2", "GET https://router.huggingface.co/v1/models"),
    ),
    "mistral": (BEARER, ("GET https://api.mistral.ai/v1/models",)),
    "moonshot": (
        BEARER,
        ("GET https://api.moonshot.ai/v1/users/me/balance", "GET https://api.moonshot.ai/v1/models"),
    ),
    "nvidia": (
        None,
        (
            "POST https://api.ngc.nvidia.com/v3/keys/get-caller-info",
            "GET https://integrate.api.nvidia.com/v1/models",
        ),
    ),
    "openai": (BEARER, ("GET https://api.openai.com/v1/models",)),
    "openrouter": (BEARER, ("GET https://openrouter.ai/api/v1/key",)),
    "perplexity": (BEARER, ("POST https://api.perplexity.ai/chat/completions",)),
    "replicate": (BEARER, ("GET https://api.replicate.com/v1/account",)),
    "revai": (BEARER, ("GET https://api.rev.ai/speechtotext/v1/account",)),
    "siliconflow": (
        BEARER,
        ("GET https://api.siliconflow.cn/v1/user/info", "GET https://api.siliconflow.cn/v1/models"),
    ),
    "speechmatics": (BEARER, ("GET https://eu1.asr.api.speechmatics.com/v2/jobs?limit=1",)),
    "stability": (BEARER, ("GET https://api.stability.ai/v1/user/balance",)),
    "together": (BEARER, ("GET https://api.together.xyz/v1/models",)),
    "vertex_ai": (
        None,
        (
            "POST https://oauth2.googleapis.com/token",
            f"POST https://us-central1-aiplatform.googleapis.com{_VERTEX}/gemini-2.5-flash-lite:countTokens",
        ),
    ),
    "voyage": (BEARER, ("POST https://api.voyageai.com/v1/embeddings",)),
    "xai": (BEARER, ("GET https://api.x.ai/v1/api-key", "GET https://api.x.ai/v1/models")),
    "zhipu": (BEARER, ("GET https://api.z.ai/api/paas/v4/models",) * 2),
}
# Those without an address of their own, at the one an admin set.
ASKED_AT_HOME = {
    "litellm": ("GET /key/info", "GET /models"),
    "nona": ("GET /models", "GET /models"),
    "ollama": ("GET /api/tags", "GET /api/tags"),
    "vllm": ("GET /models", "GET /models"),
}


def test_every_provider_says_what_it_is_asked() -> None:
    assert sorted([*ASKED, *ASKED_AT_HOME]) == IDS


@pytest.mark.parametrize("provider_id", sorted(ASKED))
async def test_each_request_is_the_documented_one(provider_id: str) -> None:
    client = await good_run(provider_id)
    header, expected = ASKED[provider_id]
    sent = [f"{request.method} {url}" for request, url in zip(client.requests, client.urls, strict=True)]
    assert sent == list(expected)
    if header is not None:
        assert client.requests[0].headers[header[0]] == header[1]


@pytest.mark.parametrize("provider_id", sorted(ASKED_AT_HOME))
async def test_each_request_to_a_server_of_ones_own_is_the_documented_one(provider_id: str) -> None:
    with FakeProvider() as fake:
        fake.act(REPLIES[provider_id].good)
        await check_at(fake, provider_id)
    assert tuple(f"{r.method} {r.path}" for r in fake.requests) == ASKED_AT_HOME[provider_id]
    assert fake.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("provider_id", IDS)
async def test_the_key_travels_in_its_one_place_and_never_in_the_url(provider_id: str) -> None:
    with FakeProvider() as fake:
        await check_at(fake, provider_id)
    auth = Registry.of({}).get(provider_id).check_for(key_for(provider_id)).auth
    for request in fake.requests:
        carriers = [name for name, value in request.headers.items() if KEY in value]
        assert len(carriers) == isinstance(auth, HeaderAuth)
        assert (KEY.encode() in request.body) == isinstance(auth, FormAuth)
        assert KEY not in request.path
    assert fake.requests


def _hosts(provider: Provider) -> list[str]:
    return [provider.base_url, *(check.base_url for check in all_checks(provider) if check.base_url)]


def _fills_host(provider: Provider, field: Field) -> bool:
    place = "{" + field.name + "}"
    return any(place in url.partition("://")[2].partition("/")[0] for url in _hosts(provider))


HOST_FIELDS = [(p.id, field.name) for p in CATALOGUE for field in p.fields if _fills_host(p, field)]
NASTY = [
    *("evil.test", "evil.test/", "a/b", "a@b", "a#", "a?b", "a:b", "a%2f", "%2e", "a.b", ".", ".."),
    *(
        "a b",
        "a\n",
        "\na",
        "a\r\nX: 1",
        "a\x00",
        "a\\b",
        "we\u0661",
        "\uff45\uff55",
        "\u2024",
        "{region}",
        "$1",
    ),
    *("-", "a" * 500, "us-east-1.evil.test", "us-east-1@evil", "westeurope/", "[::1]"),
]


def test_the_fields_in_a_host_are_known() -> None:
    assert sorted(HOST_FIELDS) == [
        ("assemblyai", "region"),
        ("aws_bedrock", "region"),
        ("aws_transcribe", "region"),
        ("azure_openai", "resource"),
        ("azure_speech", "region"),
        ("dashscope", "region"),
        ("elevenlabs", "region"),
        ("moonshot", "region"),
        ("siliconflow", "region"),
        ("speechmatics", "region"),
        ("vertex_ai", "location"),
        ("zhipu", "region"),
    ]


@pytest.mark.parametrize("value", NASTY)
@pytest.mark.parametrize(("provider_id", "name"), HOST_FIELDS)
def test_no_value_that_could_change_a_host_is_taken(provider_id: str, name: str, value: str) -> None:
    provider = Registry.of({}).get(provider_id)
    given_fields = {**FIELDS.get(provider_id, {}), name: value}
    try:
        cleaned = provider.clean_fields(given_fields)
    except InvalidInput as refused:
        assert refused.field == name
    else:
        # White space around a value is taken off, which leaves nothing odd in it.
        assert cleaned.get(name, "") == value.strip() != value


_WORDS = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789-._/@#%:?\\ \n\u0661\uff41"), max_size=24
)


@given(st.sampled_from(HOST_FIELDS), _WORDS | st.text(max_size=12))
def test_whatever_is_taken_fills_one_label_of_the_host_or_is_a_known_choice(
    place: tuple[str, str], value: str
) -> None:
    provider_id, name = place
    provider = Registry.of({}).get(provider_id)
    usual = FIELDS.get(provider_id, {})
    try:
        cleaned = provider.clean_fields({**usual, name: value})
    except InvalidInput:
        return
    (field,) = (field for field in provider.fields if field.name == name)
    if field.choices:
        assert cleaned.get(name) in (None, *(choice.value for choice in field.choices))
        return
    for url in _hosts(provider):
        marked = parse_url(provider.fill(url.replace("{" + name + "}", "here"), usual)).host
        shape = re.escape(marked).replace("here", "[a-z0-9-]+")
        assert re.fullmatch(shape, parse_url(provider.fill(url, cleaned)).host)
