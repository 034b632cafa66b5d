"""What a pasted value gives away by its look: a warning, never a refusal."""

import pytest

from keyportal.providers.base import Provider
from keyportal.providers.checking import format_warning
from keyportal.providers.registry import CATALOGUE, Registry


@pytest.mark.parametrize(
    ("provider_id", "value", "words"),
    [
        ("openai", "sk-admin-abc", "admin key"),
        ("anthropic", "sk-ant-admin01-abc", "admin key"),
        ("anthropic", "sk-ant-oat01-abc", "OAuth"),
        ("gemini", "ya29.abc", "OAuth"),
        ("gemini", "eyJhbGciOi", "JSON web token"),
        ("google_speech", "ya29.abc", "OAuth"),
        ("vertex_ai", "eyJhbGciOi", "JSON web token"),
        ("vertex_ai", "AIza" + "a" * 35, "does not look like"),
        ("aws_transcribe", "AKIAIOSFODNN7EXAMPLE", "access key id"),
        ("aws_bedrock", "ASIAIOSFODNN7EXAMPLE", "access key id"),
        ("groq", "xai-abc", "does not look like"),
        ("deepgram", "too short", "does not look like"),
    ],
)
def test_a_wrong_looking_key_is_warned_about(provider_id: str, value: str, words: str) -> None:
    warning = format_warning(Registry.of({}).get(provider_id), value)
    assert warning is not None and words in warning
    assert value not in warning


@pytest.mark.parametrize(
    ("provider_id", "value"),
    [
        ("openai", "sk-proj-abc_T3BlbkFJdef-"),
        ("anthropic", "sk-ant-api03-" + "a" * 93 + "AA"),
        ("gemini", "AIza" + "a" * 35),
        ("gemini", " AQ.Ab8-x \n"),
        ("deepseek", "sk-" + "a1" * 16),
        ("openrouter", "sk-or-v1-" + "0f" * 32),
        ("deepgram", "0a" * 20),
        ("deepgram", ""),
        ("xai", "xai-" + "aB3_" * 20),
        ("groq", "gsk_" + "aB3d" * 13),
        ("perplexity", "pplx-" + "aB3d" * 12),
        ("huggingface", "hf_" + "a" * 34),
        ("replicate", "r8_" + "a-" * 18 + "b"),
        ("nvidia", "nvapi-" + "aB3_" * 16),
        ("elevenlabs", "sk_" + "0f" * 24),
        ("gladia", "01234567-89ab-cdef-0123-456789abcdef"),
        ("azure_speech", "0f" * 16),
        ("azure_openai", "aB3d" * 21),
        ("aws_transcribe", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("aws_bedrock", "ABSK" + "aB3d" * 32),
        ("google_speech", '{"type": "service_account",\n"x": 1}\n'),
        ("vertex_ai", '{"type": "service_account"}'),
        ("edenai", "eyJhbGciOi.eyJ1c2Vy.c2ln"),
        ("revai", "whatever it is"),
    ],
)
def test_a_usual_key_is_not_warned_about(provider_id: str, value: str) -> None:
    assert format_warning(Registry.of({}).get(provider_id), value) is None


@pytest.mark.parametrize("provider", CATALOGUE, ids=lambda provider: provider.id)
def test_a_format_can_be_shown_and_is_a_pattern(provider: Provider) -> None:
    for known in provider.formats:
        assert known.label
        assert not known.matches("") and known.recognised_length("") == 0
        assert known.wrong_kind is None or known.wrong_kind.endswith(".")
