"""Provider by situation: one table, every pair, through a real socket."""

import re

import pytest

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Provider
from keyportal.providers.registry import CATALOGUE
from tests.fakes.fake_provider import Answer, FakeProvider, Received, Steps, answer_in
from tests.fakes.provider_replies import (
    MODEL_OTHERWISE,
    MODEL_REPLIES,
    MODEL_SITUATIONS,
    OTHERWISE,
    REPLIES,
    SITUATIONS,
)
from tests.providers.support import IDS, MODEL, all_checks, check_at, echoing, key_for, leaks

EXPECTED = {
    "good": Outcome.VALID,
    "bad": Outcome.INVALID,
    "restricted": Outcome.VALID_LIMITED,
    "no_quota": Outcome.QUOTA_EXHAUSTED,
    "rate_limited": Outcome.RATE_LIMITED,
    "down": Outcome.PROVIDER_ERROR,
    "garbage": Outcome.UNCHECKED,
}
EXPECTED_OF_MODEL = {
    "good": Outcome.VALID,
    "no_access": Outcome.VALID_LIMITED,
    "no_quota": Outcome.QUOTA_EXHAUSTED,
    "rate_limited": Outcome.RATE_LIMITED,
    "down": Outcome.PROVIDER_ERROR,
    "garbage": Outcome.UNCHECKED,
}
WITH_MODEL = sorted(p.id for p in CATALOGUE if any(c.model_check for c in all_checks(p)))


def test_every_provider_has_a_row_and_every_situation_an_outcome() -> None:
    assert sorted(REPLIES) == IDS
    assert sorted(EXPECTED) == sorted(SITUATIONS)
    assert all(pair[0] in REPLIES and pair[1] in SITUATIONS for pair in OTHERWISE)


def test_every_model_check_has_a_row_and_every_situation_an_outcome() -> None:
    assert sorted(MODEL_REPLIES) == WITH_MODEL
    assert sorted(EXPECTED_OF_MODEL) == sorted(MODEL_SITUATIONS)
    assert all(pair[0] in MODEL_REPLIES and pair[1] in MODEL_SITUATIONS for pair in MODEL_OTHERWISE)


def test_an_exception_is_one() -> None:
    assert [pair for pair, (outcome, _) in OTHERWISE.items() if outcome is EXPECTED[pair[1]]] == []
    same = [pair for pair, (outcome, _) in MODEL_OTHERWISE.items() if outcome is EXPECTED_OF_MODEL[pair[1]]]
    assert same == []


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("provider_id", IDS)
async def test_each_answer_is_read_as_documented(provider_id: str, situation: str) -> None:
    row = getattr(REPLIES[provider_id], situation)
    expected, _ = OTHERWISE.get((provider_id, situation), (EXPECTED[situation], ""))
    with FakeProvider() as fake:
        fake.act(echoing(row))
        result = await check_at(fake, provider_id)
    assert result.outcome is expected, result
    assert isinstance(row, Steps) or result.http_status == row.status
    assert not leaks(result, key_for(provider_id))
    assert re.fullmatch(r"(?:[A-Z]|xAI|vLLM).*\.", result.message)


@pytest.mark.parametrize("situation", MODEL_SITUATIONS)
@pytest.mark.parametrize("provider_id", WITH_MODEL)
async def test_each_answer_about_a_model_is_read_as_documented(provider_id: str, situation: str) -> None:
    answer = getattr(MODEL_REPLIES[provider_id], situation)
    expected, _ = MODEL_OTHERWISE.get((provider_id, situation), (EXPECTED_OF_MODEL[situation], ""))

    def choose(request: Received) -> Answer:
        is_about_model = MODEL in request.path or MODEL.encode() in request.body
        return answer if is_about_model else answer_in(REPLIES[provider_id].good, request)

    with FakeProvider() as fake:
        fake.answer_by(choose)
        result = await check_at(fake, provider_id, model=MODEL)
    assert result.model_outcome is expected, result
    assert result.model == MODEL
    assert result.outcome is not Outcome.INVALID
    assert not leaks(result, key_for(provider_id))


@pytest.mark.parametrize("provider", CATALOGUE, ids=lambda provider: provider.id)
def test_every_entry_can_be_shown_and_configured(provider: Provider) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", provider.id)
    assert provider.environment_names and provider.how_to.endswith(".")
    if provider.base_url:
        assert provider.base_url.startswith("https://")
        assert provider.console_url.startswith("https://")
    else:
        assert "An admin has to set" in provider.how_to


@pytest.mark.parametrize("provider", CATALOGUE, ids=lambda provider: provider.id)
def test_every_field_explains_itself_and_its_default_fits(provider: Provider) -> None:
    names = [field.name for field in provider.fields]
    assert len(names) == len(set(names))
    for field in provider.fields:
        assert field.help.endswith(".") and field.label
        assert not field.default or field.accepts(field.default)
        assert bool(field.choices) != bool(field.pattern)


@pytest.mark.parametrize("provider", CATALOGUE, ids=lambda provider: provider.id)
def test_a_provider_with_a_model_check_knows_a_model_or_lists_some(provider: Provider) -> None:
    # Deployments of Azure and models of one's own server have the names their owners gave them.
    if provider.id in WITH_MODEL and provider.id != "azure_openai" and provider.base_url:
        assert provider.preferred_models


def test_a_file_of_the_operators_is_named_apart_from_keys() -> None:
    with_file = {p.id: p.file_environment_names for p in CATALOGUE if p.file_environment_names}
    names = ("GOOGLE_APPLICATION_CREDENTIALS",)
    assert with_file == {"google_speech": names, "vertex_ai": names}
    assert not any(names[0] in provider.environment_names for provider in CATALOGUE)


def test_a_session_token_is_the_one_secret_beside_a_key() -> None:
    secret = [(p.id, field.name) for p in CATALOGUE for field in p.fields if field.secret]
    assert secret == [("aws_bedrock", "session_token"), ("aws_transcribe", "session_token")]


# The names the providers' own documentation and clients use, in the order they are tried.
ENVIRONMENT_NAMES = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "assemblyai": ("ASSEMBLYAI_API_KEY", "AAI_API_KEY"),
    "aws_bedrock": ("AWS_BEARER_TOKEN_BEDROCK", "AWS_SECRET_ACCESS_KEY"),
    "aws_transcribe": ("AWS_SECRET_ACCESS_KEY",),
    "azure_openai": ("AZURE_OPENAI_API_KEY", "AZURE_API_KEY"),
    "azure_speech": ("AZURE_SPEECH_KEY", "SPEECH_KEY"),
    "cohere": ("CO_API_KEY", "COHERE_API_KEY"),
    "dashscope": ("DASHSCOPE_API_KEY", "QWEN_API_KEY"),
    "deepgram": ("DEEPGRAM_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "edenai": ("EDENAI_API_KEY", "EDEN_AI_API_KEY", "ROUNDTABLE_EDEN_AI_API_KEY"),
    "elevenlabs": ("ELEVENLABS_API_KEY", "XI_API_KEY"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "gladia": ("GLADIA_API_KEY",),
    "google_speech": ("GOOGLE_SPEECH_API_KEY", "GOOGLE_API_KEY"),
    "huggingface": ("HF_TOKEN", "HUGGINGFACE_API_KEY"),
    "openai": ("OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY", "ROUNDTABLE_OPENROUTER_API_KEY"),
    "perplexity": ("PERPLEXITY_API_KEY", "PERPLEXITYAI_API_KEY"),
    "replicate": ("REPLICATE_API_TOKEN",),
    "revai": ("REVAI_ACCESS_TOKEN", "REVAI_API_KEY", "REV_AI_API_KEY"),
    "together": ("TOGETHER_API_KEY", "TOGETHERAI_API_KEY"),
    "vertex_ai": ("VERTEX_AI_CREDENTIALS",),
    "xai": ("XAI_API_KEY", "GROK_API_KEY"),
    "zhipu": ("ZHIPUAI_API_KEY", "ZAI_API_KEY"),
}


@pytest.mark.parametrize("provider", CATALOGUE, ids=lambda provider: provider.id)
def test_the_variables_are_the_usual_ones_in_their_order(provider: Provider) -> None:
    usual = ENVIRONMENT_NAMES.get(provider.id, (f"{provider.id.upper()}_API_KEY",))
    assert provider.environment_names == usual


def test_keywords_are_what_a_search_is_compared_with() -> None:
    found = [word for provider in CATALOGUE for word in provider.keywords]
    assert len(found) > 30
    assert [word for word in found if not word or word != word.casefold().strip()] == []
