"""Mistral: facts only. Source: docs.mistral.ai/api, the list of models."""

from keyportal.providers.base import KeyFormat, Provider, ProviderKind
from keyportal.providers.families import openai_like

PROVIDER = Provider(
    id="mistral",
    name="Mistral",
    kind=ProviderKind.LLM,
    keywords=("mixtral", "le chat", "codestral"),
    base_url="https://api.mistral.ai/v1",
    environment_names=("MISTRAL_API_KEY",),
    console_url="https://console.mistral.ai/api-keys",
    how_to="Sign in, open API keys, choose Create new key and copy it. It is shown only once.",
    preferred_models=("ministral-3b", "mistral-small", "open-mistral-nemo"),
    formats=(KeyFormat(label="32 letters and digits", pattern=r"[A-Za-z0-9]{32}"),),
    check=openai_like(),
)
