"""Cerebras: facts only. Source: inference-docs.cerebras.ai/api-reference/models."""

from keyportal.providers.base import KeyFormat, Provider, ProviderKind
from keyportal.providers.families import openai_like

PROVIDER = Provider(
    id="cerebras",
    name="Cerebras",
    kind=ProviderKind.LLM,
    base_url="https://api.cerebras.ai/v1",
    environment_names=("CEREBRAS_API_KEY",),
    console_url="https://cloud.cerebras.ai",
    how_to="Sign in, open API keys, choose Generate API key and copy it.",
    preferred_models=("llama3.1-8b", "llama"),
    formats=(KeyFormat(label="csk-...", pattern=r"csk-\w+", recognised_by=r"csk-"),),
    check=openai_like(),
)
