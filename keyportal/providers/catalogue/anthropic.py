"""Anthropic (Claude): facts only. Source: docs.anthropic.com/en/api/models-list and /errors."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, HeaderAuth, KeyFormat, Provider, ProviderKind, Rule
from keyportal.providers.inspecting import model_list

PROVIDER = Provider(
    id="anthropic",
    name="Anthropic",
    kind=ProviderKind.LLM,
    base_url="https://api.anthropic.com",
    environment_names=("ANTHROPIC_API_KEY",),
    console_url="https://console.anthropic.com/settings/keys",
    how_to="Sign in, open Settings, API keys, choose Create key and copy it; it is shown once.",
    formats=(
        KeyFormat(
            label="admin key",
            pattern=r"sk-ant-admin[\w-]+",
            wrong_kind="This is an admin key, which cannot use models. Create an API key instead.",
        ),
        KeyFormat(
            label="OAuth token",
            pattern=r"sk-ant-oat[\w-]+",
            wrong_kind="This is a sign-in token (OAuth). Create an API key instead.",
        ),
        KeyFormat(label="sk-ant-api03-...", pattern=r"sk-ant-api03-[\w-]{93}AA", recognised_by=r"sk-ant-"),
    ),
    check=Check(
        path="/v1/models?limit=100",
        auth=HeaderAuth("x-api-key"),
        headers=(("anthropic-version", "2023-06-01"),),
        # This route always exists; "not found" is how a deleted key has been seen to answer.
        rules=(Rule(404, Outcome.INVALID, ("not_found_error",)),),
        inspect=model_list("data", "id"),
    ),
)
