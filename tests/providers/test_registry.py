"""The registry: ids, operator overrides and the guess from a pasted value."""

import dataclasses

import pytest

from keyportal.domain.errors import UnknownProvider, UnusableSetting
from keyportal.providers.base import origin_of
from keyportal.providers.registry import Registry

IDS = [
    *("anthropic", "assemblyai", "aws_bedrock", "aws_transcribe", "azure_openai", "azure_speech"),
    *("cerebras", "cohere", "dashscope", "deepgram", "deepseek", "edenai", "elevenlabs", "fireworks"),
    *("gemini", "gladia", "google_speech", "groq", "huggingface", "litellm", "mistral", "moonshot"),
    *("nona", "nvidia", "ollama", "openai", "openrouter", "perplexity", "replicate", "revai"),
    *("siliconflow", "speechmatics", "stability", "together", "vertex_ai", "vllm", "voyage", "xai"),
    "zhipu",
]


@pytest.mark.parametrize("provider_id", IDS)
def test_an_id_is_found_in_any_case(provider_id: str) -> None:
    registry = Registry.of({})
    assert registry.get(provider_id.upper()).id == provider_id
    assert registry.find(provider_id) is registry.get(provider_id)


@pytest.mark.parametrize("provider_id", ["", "open ai", "../openai", "nobody", "\u212aopenai", "x" * 9999])
def test_an_unknown_id_is_refused(provider_id: str) -> None:
    registry = Registry.of({})
    assert registry.find(provider_id) is None
    with pytest.raises(UnknownProvider):
        registry.get(provider_id)


def test_the_catalogue_is_what_this_list_says() -> None:
    assert [provider.id for provider in Registry.of({}).providers] == IDS


def test_all_come_sorted_by_name() -> None:
    names = [provider.name for provider in Registry.of({}).all()]
    assert names == sorted(names, key=str.lower)
    assert len(names) == len(IDS)


def test_an_override_moves_one_provider_and_allows_only_its_origin() -> None:
    registry = Registry.of({"OpenAI": "http://LocalHost:11434/v1/"})
    assert registry.get("openai").base_url == "http://LocalHost:11434/v1"
    assert registry.get("anthropic").base_url == "https://api.anthropic.com"
    assert registry.allowed_origins == frozenset({"http://localhost:11434"})
    assert Registry.of({}).allowed_origins == frozenset()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost",
        "ftp://host",
        "http://user:hunter2@host",
        "http://host/?k=hunter2",
        "http://host/#hunter2",
        "http://ho st",
        "http://host:hunter2",
        "http://{region}.host",
    ],
)
def test_an_unusable_override_stops_the_start_without_its_value(url: str) -> None:
    with pytest.raises(UnusableSetting) as caught:
        Registry.of({"openai": url})
    assert caught.value.setting == "KEYPORTAL_BASE_URL_OPENAI"
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_an_override_for_an_unknown_provider_stops_the_start() -> None:
    with pytest.raises(UnusableSetting) as caught:
        Registry.of({"nobody": "https://host"})
    assert caught.value.setting == "KEYPORTAL_BASE_URL_NOBODY"


@pytest.mark.parametrize(
    ("value", "provider_id"),
    [
        ("sk-ant-api03-abc", "anthropic"),
        ("sk-ant-admin01-abc", "anthropic"),
        ("sk-or-v1-abc", "openrouter"),
        ("sk-proj-abc", "openai"),
        ("sk-svcacct-abc", "openai"),
        ("sk-admin-abc", "openai"),
        ("sk-abcT3BlbkFJdef", "openai"),
        ("  AIzaSyA\n", "gemini"),
        ("AQ.Ab8", "gemini"),
        ("gsk_abc", "groq"),
        ("xai-abc", "xai"),
        ("hf_abc", "huggingface"),
        ("api_org_abc", "huggingface"),
        ("r8_abc", "replicate"),
        ("pplx-abc", "perplexity"),
        ("nvapi-abc", "nvidia"),
        ("fw_abc", "fireworks"),
        ("csk-abc", "cerebras"),
        ("tgp_v1_abc", "together"),
        ("sk-eden-abc", "edenai"),
        ("ABSKQmVk", "aws_bedrock"),
        ("AKIAIOSFODNN7EXAMPLE", "aws_transcribe"),
        ("ASIAIOSFODNN7EXAMPLE", "aws_transcribe"),
    ],
)
def test_a_distinctive_value_gives_its_provider_away(value: str, provider_id: str) -> None:
    guessed = Registry.of({}).guess(value)
    assert guessed is not None and guessed.id == provider_id


@pytest.mark.parametrize(
    "value",
    [
        *("", "hello", "xAIza", "sk-" + "a1" * 16, "0a" * 16, "0a" * 20, "sk_" + "0f" * 24, "pa-abc"),
        *("eyJhbGciOi", "ya29.abc", '{"type": "service_account"}'),
    ],
)
def test_a_value_that_could_be_anybodys_is_not_guessed(value: str) -> None:
    assert Registry.of({}).guess(value) is None


def test_a_tie_between_two_providers_is_not_guessed() -> None:
    gemini = Registry.of({}).get("gemini")
    speech = dataclasses.replace(gemini, id="google_speech")
    assert Registry((gemini, speech)).guess("AIzaSyA") is None


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("HTTPS://API.OpenAI.com:443/v1", "https://api.openai.com"),
        ("http://host:80", "http://host"),
        ("http://host:443/", "http://host:443"),
        ("http://[0:0::1]:8080/x", "http://[::1]:8080"),
    ],
)
def test_an_origin_is_written_in_one_way(url: str, origin: str) -> None:
    assert origin_of(url) == origin
