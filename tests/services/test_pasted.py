"""What a pasted text looks like: whose key, what will be cleaned, what is odd. Never the text itself."""

import pytest

from keyportal.domain.errors import Forbidden
from keyportal.domain.principals import Principal, anonymous_principal
from keyportal.domain.secret import Secret
from keyportal.services import providers
from keyportal.services.portal import Portal
from tests.services.support import VALUE


def look(portal: Portal, alice: Principal, text: str, chosen: str = "") -> providers.PastedView:
    return providers.look_at_pasted(portal, alice, Secret(text), chosen)


@pytest.mark.parametrize(
    ("text", "provider_id"),
    [
        (VALUE, "openai"),
        ("sk-ant-api03-abc", "anthropic"),
        ("sk-or-v1-0123", "openrouter"),
        ("AIza" + "a" * 35, "gemini"),
        ("gsk_abc", "groq"),
        ("xai-abc", "xai"),
        ("hf_abc", "huggingface"),
        ("r8_abc", "replicate"),
        ("AKIAIOSFODNN7EXAMPLE", "aws_transcribe"),
        (f"OPENAI_API_KEY={VALUE}", "openai"),
        ("export DEEPSEEK_API_KEY='sk-0123'  # prod", "deepseek"),
        (f"SOME_OTHER_NAME={VALUE}", "openai"),
    ],
)
def test_the_provider_is_recognised(portal: Portal, alice: Principal, text: str, provider_id: str) -> None:
    guessed = look(portal, alice, text).guessed
    assert guessed is not None and guessed.id == provider_id


@pytest.mark.parametrize("text", ["", "hello", "sk-" + "a" * 32, "GOOGLE_API_KEY=abcdef", "NAME=value"])
def test_what_could_be_anybodys_is_not_guessed(portal: Portal, alice: Principal, text: str) -> None:
    assert look(portal, alice, text).guessed is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"type": "service_account", "project_id": "x"}', ["Google Speech-to-Text", "Vertex AI"]),
        ('{\n  "project_id": "x",\n  "type": "service_account"\n}', ["Google Speech-to-Text", "Vertex AI"]),
        ("ya29.abc", ["Google Gemini", "Google Speech-to-Text", "Vertex AI"]),
        (VALUE, []),
        ("hello", []),
    ],
)
def test_several_equally_likely_providers_are_named(
    portal: Portal, alice: Principal, text: str, names: list[str]
) -> None:
    found = look(portal, alice, text)
    assert [p.name for p in found.candidates] == names
    assert not names or found.guessed is None


def test_a_sign_in_token_is_warned_about_without_a_choice(portal: Portal, alice: Principal) -> None:
    assert "OAuth" in look(portal, alice, "ya29.abc").warning


@pytest.mark.parametrize("line", [f"OPENAI_API_KEY={VALUE}", f'export OPENAI_API_KEY = "{VALUE}" # x'])
def test_a_whole_line_is_seen_as_one(portal: Portal, alice: Principal, line: str) -> None:
    found = look(portal, alice, line)
    assert (found.is_assignment, found.problem, found.warning) == (True, "", "")


def test_cleaning_is_announced(portal: Portal, alice: Principal) -> None:
    assert "left out" in look(portal, alice, f" {VALUE}\u200b").notice
    assert look(portal, alice, VALUE).notice == ""


@pytest.mark.parametrize(
    ("text", "chosen", "words"),
    [
        ("sk-admin-abc", "", "admin key"),
        ("sk-ant-oat01-abc", "", "OAuth"),
        ("AKIAIOSFODNN7EXAMPLE", "", "access key id"),
        (VALUE, "anthropic", "does not look like"),
        ("ya29.abc", "gemini", "OAuth"),
    ],
)
def test_a_wrong_kind_is_warned_about(
    portal: Portal, alice: Principal, text: str, chosen: str, words: str
) -> None:
    assert words in look(portal, alice, text, chosen).warning


@pytest.mark.parametrize("text", ["****...WXYZ", "sk-a\x00b", "two\nlines"])
def test_what_cannot_be_saved_is_said_at_once(portal: Portal, alice: Principal, text: str) -> None:
    assert look(portal, alice, text).problem


def test_nothing_pasted_says_nothing_and_the_text_never_comes_back(portal: Portal, alice: Principal) -> None:
    assert look(portal, alice, "  ") == providers.PastedView(None, (), False, "", "", "")
    assert VALUE not in repr(look(portal, alice, f"MY_KEY={VALUE}"))


def test_a_stranger_may_not_ask(portal: Portal) -> None:
    with pytest.raises(Forbidden):
        providers.look_at_pasted(portal, anonymous_principal(), Secret(VALUE))
