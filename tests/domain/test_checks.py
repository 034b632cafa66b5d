"""What may be a model's name: it goes into paths and bodies of requests."""

import json
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyportal.domain.checks import is_model_name, require_model_name
from keyportal.domain.errors import InvalidInput

NAMES = [
    "gpt-4o-mini",
    "claude-3.5-haiku@20241022",
    "ft:gpt-4o:team::abc",
    "meta-llama/Llama-3.1-8B-Instruct",
    "@cf/meta/llama-3",
    "models/gemini-2.5-flash",
    "us.anthropic.claude-3-haiku-20240307-v1:0",
]
NO_NAMES = [
    "",
    " ",
    "../x",
    "a/../b",
    "..",
    "a b",
    "a?b",
    "a#b",
    "a%2f",
    'a"b',
    "a\nb",
    "a{b}",
    "x" * 129,
    "é",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_providers_names_are_names(name: str) -> None:
    assert require_model_name(f" {name}\n") == name


@pytest.mark.parametrize("text", NO_NAMES)
def test_what_could_leave_its_place_is_no_name(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        require_model_name(text)
    assert refusal.value.field == "model"
    assert not text.strip() or text not in refusal.value.message


@given(st.text(max_size=40))
def test_no_name_changes_a_body_or_leaves_its_path(text: str) -> None:
    if not is_model_name(text):
        return
    assert json.loads('{"model": "{model}"}'.replace("{model}", text)) == {"model": text}
    parts = urlsplit(f"https://api.test/v1/{quote(text, safe='/:@')}:run")
    assert (parts.netloc, parts.query, parts.fragment) == ("api.test", "", "")
    assert ".." not in parts.path
