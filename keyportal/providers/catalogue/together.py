"""Together AI: facts only. Source: docs.together.ai/reference, the list of models."""

from keyportal.providers.base import Check, KeyFormat, Provider, ProviderKind
from keyportal.providers.families import BEARER, one_token_chat
from keyportal.providers.inspecting import model_list

PROVIDER = Provider(
    id="together",
    name="Together AI",
    kind=ProviderKind.LLM,
    keywords=("togetherai",),
    base_url="https://api.together.xyz/v1",
    environment_names=("TOGETHER_API_KEY", "TOGETHERAI_API_KEY"),
    console_url="https://api.together.ai/settings/api-keys",
    how_to="Sign in, open Settings, API keys, create a key and copy it.",
    preferred_models=(
        "meta-llama/Llama-3.2-3B-Instruct-Turbo",
        "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo",
        "Qwen/Qwen2.5-7B-Instruct-Turbo",
    ),
    formats=(
        KeyFormat(label="tgp_v1_...", pattern=r"tgp_v1_[\w-]+", recognised_by=r"tgp_v1_"),
        KeyFormat(label="64 hex characters", pattern=r"[0-9a-f]{64}"),
    ),
    # The list stands by itself here, in no object.
    check=Check(path="/models", auth=BEARER, inspect=model_list("", "id"), model_check=one_token_chat()),
)
