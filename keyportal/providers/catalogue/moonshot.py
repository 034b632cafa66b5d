"""Moonshot (Kimi): facts only. Source: platform.moonshot.ai/docs/api/balance and /docs/api/errors."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, Choice, Field, KeyFormat, Provider, ProviderKind, Rule
from keyportal.providers.families import BEARER, MODELS, one_token_chat
from keyportal.providers.inspecting import credit_at

_RULES = (Rule(429, Outcome.QUOTA_EXHAUSTED, ("exceeded_current_quota_error",)),)

PROVIDER = Provider(
    id="moonshot",
    name="Moonshot (Kimi)",
    kind=ProviderKind.LLM,
    keywords=("kimi",),
    base_url="https://api.moonshot.{region}/v1",
    environment_names=("MOONSHOT_API_KEY",),
    console_url="https://platform.moonshot.ai",
    how_to="Sign in, open API keys, create a key and copy it. A key works in its own region only.",
    refused_also="it belongs to another region than the one chosen",
    preferred_models=("moonshot-v1-8k", "moonshot-v1"),
    fields=(
        Field(
            "region",
            "Region",
            "Where the account is; without one it is the international platform.",
            False,
            choices=(
                Choice("international", "International (moonshot.ai)", "ai"),
                Choice("china", "China (moonshot.cn)", "cn"),
            ),
            default="international",
            environment_names=("MOONSHOT_REGION",),
        ),
    ),
    # Several providers use this look, so it gives nobody away.
    formats=(KeyFormat(label="sk-...", pattern=r"sk-[\w-]{16,}"),),
    check=Check(
        path="/users/me/balance",
        auth=BEARER,
        # In dollars or yuan, by region: the answer does not say.
        inspect=credit_at("data.available_balance", ""),
        rules=_RULES,
        models=MODELS,
        model_check=one_token_chat(rules=_RULES),
    ),
)
