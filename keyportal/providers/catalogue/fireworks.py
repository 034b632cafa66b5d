"""Fireworks AI: facts only. Source: docs.fireworks.ai/guides/inference-error-codes and the list of models."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import KeyFormat, Provider, ProviderKind, Rule
from keyportal.providers.families import openai_like

PROVIDER = Provider(
    id="fireworks",
    name="Fireworks AI",
    kind=ProviderKind.LLM,
    base_url="https://api.fireworks.ai/inference/v1",
    environment_names=("FIREWORKS_API_KEY",),
    console_url="https://app.fireworks.ai/settings/users/api-keys",
    how_to="Sign in, open Settings, API keys, choose Create API key and copy it.",
    preferred_models=("accounts/fireworks/models/llama-v3p1-8b", "accounts/fireworks/models/"),
    formats=(KeyFormat(label="fw_...", pattern=r"fw_\w+", recognised_by=r"fw_"),),
    # How it answers an account that reached its spending limit or left a bill unpaid.
    check=openai_like(rules=(Rule(412, Outcome.QUOTA_EXHAUSTED),)),
)
