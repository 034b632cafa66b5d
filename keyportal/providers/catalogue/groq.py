"""Groq: facts only. Source: console.groq.com/docs/api-reference, the list of models, and /docs/errors."""

from keyportal.providers.base import KeyFormat, Provider, ProviderKind
from keyportal.providers.families import openai_like

PROVIDER = Provider(
    id="groq",
    name="Groq",
    kind=ProviderKind.LLM,
    keywords=("lpu",),
    base_url="https://api.groq.com/openai/v1",
    environment_names=("GROQ_API_KEY",),
    console_url="https://console.groq.com/keys",
    how_to="Sign in, open API keys, choose Create API key and copy it. It is shown only once.",
    preferred_models=("llama-3.1-8b-instant", "llama-3.3-70b", "meta-llama/"),
    formats=(KeyFormat(label="gsk_...", pattern=r"gsk_[A-Za-z0-9]{52}", recognised_by=r"gsk_"),),
    check=openai_like(),
)
