"""Anthropic (Claude): facts only. Source: docs.anthropic.com/en/api/models-list and /errors."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, HeaderAuth, KeyFormat, Provider, ProviderKind, Rule
from keyportal.providers.inspecting import holds, model_list

_AUTH = HeaderAuth("x-api-key")
_VERSION = (("anthropic-version", "2023-06-01"),)

PROVIDER = Provider(
    id="anthropic",
    name="Anthropic",
    kind=ProviderKind.LLM,
    keywords=("claude",),
    base_url="https://api.anthropic.com",
    environment_names=("ANTHROPIC_API_KEY",),
    console_url="https://console.anthropic.com/settings/keys",
    how_to="Sign in, open Settings, API keys, choose Create key and copy it; it is shown once.",
    preferred_models=("claude-haiku", "claude-3-5-haiku", "claude-3-haiku"),
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
        auth=_AUTH,
        headers=_VERSION,
        # This route always exists; "not found" is how a deleted key has been seen to answer.
        rules=(Rule(404, Outcome.INVALID, ("not_found_error",)),),
        inspect=model_list("data", "id"),
        # Counting is free. Without credit it is refused by wording alone, which nothing here reads.
        model_check=Check(
            method="POST",
            path="/v1/messages/count_tokens",
            auth=_AUTH,
            headers=_VERSION,
            body='{"model": "{model}", "messages": [{"role": "user", "content": "Hi"}]}',
            inspect=holds("input_tokens", int),
            rules=(Rule(404, Outcome.VALID_LIMITED, ("not_found_error",)),),
        ),
    ),
)
