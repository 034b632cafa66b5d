"""Ollama: facts only. Source: github.com/ollama/ollama, docs/api.md.

It asks for no key by itself; one proves something only behind a proxy that refuses strangers.
"""

from dataclasses import replace

from keyportal.providers.base import Check, Provider, ProviderKind
from keyportal.providers.families import BEARER, MODELS, one_token_chat
from keyportal.providers.inspecting import model_list

PROVIDER = Provider(
    id="ollama",
    name="Ollama",
    kind=ProviderKind.LLM,
    keywords=("local", "llama"),
    base_url="",
    environment_names=("OLLAMA_API_KEY",),
    console_url="",
    how_to=(
        "Ollama needs no key of its own: use the one of the proxy in front of it, or the word ollama. "
        "An admin has to set its address, like http://host:11434, before it can be tested."
    ),
    check=Check(
        path="/api/tags",
        auth=BEARER,
        inspect=model_list("models", "name"),
        compare_made_up=True,
        # Where the address given ends in /v1.
        fallback=replace(MODELS, compare_made_up=True),
        model_check=one_token_chat("/v1/chat/completions"),
    ),
)
