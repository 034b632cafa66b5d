"""Hugging Face: facts only. Source: huggingface.co/docs/hub/api, whoami-v2, and /docs/inference-providers."""

from keyportal.providers.base import Check, KeyFormat, Provider, ProviderKind
from keyportal.providers.families import BEARER, MODELS, one_token_chat
from keyportal.providers.inspecting import holds

PROVIDER = Provider(
    id="huggingface",
    name="Hugging Face",
    kind=ProviderKind.LLM,
    keywords=("hf",),
    base_url="https://router.huggingface.co/v1",
    environment_names=("HF_TOKEN", "HUGGINGFACE_API_KEY"),
    console_url="https://huggingface.co/settings/tokens",
    how_to="Sign in, open Settings, Access Tokens, choose Create new token and copy it.",
    preferred_models=("meta-llama/Llama-3.1-8B-Instruct", "Qwen/Qwen2.5-7B-Instruct"),
    formats=(
        KeyFormat(label="hf_...", pattern=r"hf_[A-Za-z0-9]{34}", recognised_by=r"hf_"),
        KeyFormat(label="api_org_...", pattern=r"api_org_[A-Za-z0-9]{34}", recognised_by=r"api_org_"),
    ),
    check=Check(
        base_url="https://huggingface.co",
        path="/api/whoami-v2",
        auth=BEARER,
        inspect=holds("auth.accessToken", dict),
        models=MODELS,
        model_check=one_token_chat(),
    ),
)
