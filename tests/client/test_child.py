"""Whose variables a started program gets, which are taken away, and what cannot be handed over."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from keyportal.client.answers import Kept, resolution_in
from keyportal.client.child import CannotHandOver, KeyForChild, child_environment, names_that_may_be_given
from keyportal.client.variables import KNOWN
from keyportal.providers.base import Provider
from keyportal.providers.registry import CATALOGUE
from tests.client.support import ANSWER, API_KEY

VALUE = "sk-CHILDcanary"
HOSTILE = (
    *("LD_PRELOAD", "BASH_ENV", "PATH", "PYTHONPATH", "NODE_OPTIONS", "lab_api_key", "LAB_API_KEY\n"),
    *("LAB_API_KEY=x", "_API_KEY", "1LAB_API_KEY", "L\u00c4B_API_KEY", "LAB_API_KEY_FILE", ""),
    # Another provider's, and the portal's own.
    *("OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "KEYPORTAL_X_API_KEY"),
)
BEDROCK = {
    "AWS_BEARER_TOKEN_BEDROCK": "stale",
    "AWS_SECRET_ACCESS_KEY": "stale",
    "AWS_SESSION_TOKEN": "stale",
}


def key(
    provider: str, value: str = VALUE, fields: Mapping[str, str] | None = None, **more: Any
) -> KeyForChild:
    return KeyForChild(provider, Kept(value, fields or {}), **more)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (key("openai"), {"OPENAI_API_KEY": VALUE}),
        (key("openai", base_url="https://api.openai.com/v1/"), {"OPENAI_API_KEY": VALUE}),
        (
            key("openai", base_url="https://llm.example.com/v1"),
            {"OPENAI_API_KEY": VALUE, "OPENAI_BASE_URL": "https://llm.example.com/v1"},
        ),
        (
            key("openai", fields={"organization": "org-1", "project": "proj_1"}),
            {"OPENAI_API_KEY": VALUE, "OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj_1"},
        ),
        (key("anthropic", base_url="https://api.anthropic.com"), {"ANTHROPIC_API_KEY": VALUE}),
        (
            key("anthropic", base_url="https://claude.example.com"),
            {"ANTHROPIC_API_KEY": VALUE, "ANTHROPIC_BASE_URL": "https://claude.example.com"},
        ),
        (
            key(
                "azure_openai",
                fields={"resource": "team", "api_version": "2024-10-21"},
                base_url="https://team.openai.azure.com",
            ),
            {
                "AZURE_OPENAI_API_KEY": VALUE,
                "AZURE_API_KEY": VALUE,
                "AZURE_OPENAI_RESOURCE": "team",
                "AZURE_OPENAI_API_VERSION": "2024-10-21",
                "OPENAI_API_VERSION": "2024-10-21",
                "AZURE_OPENAI_ENDPOINT": "https://team.openai.azure.com",
            },
        ),
        (
            key("aws_bedrock", fields={"access_key_id": "AKIA1", "region": "eu-west-1"}),
            {
                "AWS_SECRET_ACCESS_KEY": VALUE,
                "AWS_ACCESS_KEY_ID": "AKIA1",
                "AWS_REGION": "eu-west-1",
                "AWS_DEFAULT_REGION": "eu-west-1",
            },
        ),
        (
            key("aws_bedrock", fields={"region": "eu-west-1"}),
            {
                "AWS_BEARER_TOKEN_BEDROCK": VALUE,
                "AWS_REGION": "eu-west-1",
                "AWS_DEFAULT_REGION": "eu-west-1",
            },
        ),
        (key("lab", names=("LAB_API_KEY",)), {"LAB_API_KEY": VALUE}),
        (key("groq", base_url="https://else.example.com", names=("TEAM_KEY",)), {"GROQ_API_KEY": VALUE}),
    ],
    ids=lambda value: getattr(value, "provider", ""),
)
def test_a_key_is_handed_over_in_its_providers_variables(
    given: KeyForChild, expected: dict[str, str]
) -> None:
    assert child_environment({}, [given]) == expected


@pytest.mark.parametrize(
    ("given", "parent"),
    [
        (
            key("openai", names=("TEAM_OPENAI_API_KEY",)),
            {
                "OPENAI_BASE_URL": "http://stale",
                "OPENAI_ORG_ID": "stale",
                "OPENAI_PROJECT_ID": "stale",
                "OPENAI_ADMIN_KEY": "stale",
                "TEAM_OPENAI_API_KEY": "stale",
            },
        ),
        (key("anthropic"), {"ANTHROPIC_AUTH_TOKEN": "stale", "ANTHROPIC_BASE_URL": "http://stale"}),
        (
            key("vertex_ai"),
            {"GOOGLE_APPLICATION_CREDENTIALS": "/stale.json", "GOOGLE_CLOUD_PROJECT": "stale"},
        ),
        (key("aws_bedrock", fields={"access_key_id": "AKIA1"}), BEDROCK),
        (key("aws_bedrock"), BEDROCK),
    ],
    ids=["openai", "anthropic", "vertex", "aws with id", "aws token"],
)
def test_what_rivals_the_key_is_taken_away(given: KeyForChild, parent: dict[str, str]) -> None:
    assert "stale" not in " ".join(child_environment(parent, [given]).values())


def test_the_portals_own_never_go_along() -> None:
    parent = {
        "API_KEY_ENCRYPTION_KEY": "x",
        "API_KEY_ENCRYPTION_KEY_FILE": "x",
        "API_KEY_ENCRYPTION_KEY_PREVIOUS": "x",
        "DATABASE_URL": "x",
        "REDIS_URL": "x",
        "KEYPORTAL_AGENT_KEY": "x",
        "KEYPORTAL_AGENT_KEY_FILE": "x",
        "KEYPORTAL_ENV_FILE": "x",
        "PATH": "/bin",
        "GROQ_API_KEY": "another provider's",
    }
    found = child_environment(parent, [key("openai")])
    assert found == {"PATH": "/bin", "GROQ_API_KEY": "another provider's", "OPENAI_API_KEY": VALUE}


def test_several_keys_go_along_together() -> None:
    found = child_environment({}, [key("openai"), key("anthropic", "sk-ant")])
    assert found == {"OPENAI_API_KEY": VALUE, "ANTHROPIC_API_KEY": "sk-ant"}


def test_two_values_for_one_variable_are_refused_without_a_value() -> None:
    with pytest.raises(CannotHandOver, match="GOOGLE_API_KEY") as refusal:
        child_environment({}, [key("gemini"), key("google_speech", "AIza-other")])
    assert VALUE not in refusal.value.message and "AIza" not in refusal.value.message


def test_the_same_value_for_one_variable_is_fine() -> None:
    found = child_environment({}, [key("gemini"), key("google_speech")])
    assert found["GOOGLE_API_KEY"] == found["GEMINI_API_KEY"] == found["GOOGLE_SPEECH_API_KEY"] == VALUE


def test_a_provider_without_a_variable_is_refused() -> None:
    with pytest.raises(CannotHandOver, match="lab"):
        child_environment({}, [key("lab")])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_portal_names_no_variable_but_one_of_a_key(name: str) -> None:
    with pytest.raises(CannotHandOver, match="lab"):
        child_environment({}, [key("lab", names=(name,))])
    parent = {name: "as it was", "LAB_API_KEY": "stale"} if not name.startswith("KEYPORTAL_") else {}
    found = child_environment(parent, [key("lab", names=(name, "LAB_API_KEY"))])
    assert found == {**parent, "LAB_API_KEY": VALUE}


def test_a_portal_takes_no_variable_from_a_provider_of_the_catalogue() -> None:
    resolved = resolution_in(json.dumps(ANSWER).encode(), "openai")
    given = KeyForChild.of(resolved, ["OTHER_API_KEY", "OPENAI_API_KEY"])
    found = child_environment({"OTHER_API_KEY": "as it was"}, [given])
    assert (found["OTHER_API_KEY"], found["OPENAI_API_KEY"]) == ("as it was", API_KEY)


def test_of_names_from_afar_those_of_a_key_are_taken() -> None:
    given = ("LAB_API_KEY", *HOSTILE, "TEAM_2_LAB_API_KEY")
    assert names_that_may_be_given(given) == ("LAB_API_KEY", "TEAM_2_LAB_API_KEY")


def test_a_value_no_variable_can_hold_is_refused() -> None:
    with pytest.raises(CannotHandOver, match="openai") as refusal:
        child_environment({}, [key("openai", "CANARY\x00")])
    assert "CANARY" not in refusal.value.message


def test_what_is_to_be_handed_over_shows_no_value() -> None:
    assert VALUE not in repr(key("openai", fields={"session_token": VALUE}))


@pytest.mark.parametrize("provider", CATALOGUE, ids=lambda provider: provider.id)
def test_an_installed_client_knows_the_variables_of_the_catalogue(provider: Provider) -> None:
    """A line of keyportal/client/variables.py is missing or says something else where this fails."""
    known = KNOWN[provider.id]
    assert (known.names, known.files) == (provider.environment_names, provider.file_environment_names)
    for field in provider.fields:
        # An SDK may read more than the portal looks in.
        assert set(field.environment_names) <= set(known.fields.get(field.name, ())), field.name
    assert not known.address or known.usual_address == provider.base_url


def test_an_installed_client_knows_no_provider_besides() -> None:
    assert [name for name in KNOWN if name not in {provider.id for provider in CATALOGUE}] == []
    field_names = {provider.id: {field.name for field in provider.fields} for provider in CATALOGUE}
    assert [name for name, known in KNOWN.items() if not set(known.fields) <= field_names[name]] == []
