"""Zhipu (Z.ai): facts only. Source: docs.z.ai/api-reference/api-code and docs.bigmodel.cn."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Choice, Field, KeyFormat, Provider, ProviderKind, Rule
from keyportal.providers.families import openai_like

PROVIDER = Provider(
    id="zhipu",
    name="Zhipu (Z.ai)",
    kind=ProviderKind.LLM,
    keywords=("glm", "chatglm", "bigmodel"),
    base_url="https://{region}/api/paas/v4",
    environment_names=("ZHIPUAI_API_KEY", "ZAI_API_KEY"),
    console_url="https://z.ai/manage-apikey/apikey-list",
    how_to="Sign in, open API keys, create a key and copy it. A key works in its own region only.",
    refused_also="it belongs to another region than the one chosen",
    preferred_models=("glm-4.5-flash", "glm-4-flash", "glm-4.5-air"),
    fields=(
        Field(
            "region",
            "Region",
            "Where the account is; without one it is the international platform.",
            False,
            choices=(
                Choice("international", "International (z.ai)", "api.z.ai"),
                Choice("china", "China (bigmodel.cn)", "open.bigmodel.cn"),
            ),
            default="international",
            environment_names=("ZHIPUAI_REGION",),
        ),
    ),
    formats=(KeyFormat(label="an id, a dot and a secret", pattern=r"[0-9a-f]{32}\.\w{16}"),),
    check=openai_like(
        # An account in arrears, and a model that is not there.
        rules=(
            Rule(429, Outcome.QUOTA_EXHAUSTED, ("1113",)),
            Rule(400, Outcome.VALID_LIMITED, ("1211",)),
        ),
        # Nobody documents whether the list is closed to strangers.
        compare_made_up=True,
    ),
)
