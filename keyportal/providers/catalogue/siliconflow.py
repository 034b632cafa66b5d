"""SiliconFlow: facts only. Source: docs.siliconflow.cn/cn/api-reference/userinfo/get-user-info."""

from keyportal.providers.base import Check, Choice, Field, KeyFormat, Provider, ProviderKind
from keyportal.providers.families import BEARER, MODELS, one_token_chat
from keyportal.providers.inspecting import credit_at

PROVIDER = Provider(
    id="siliconflow",
    name="SiliconFlow",
    kind=ProviderKind.LLM,
    base_url="https://api.siliconflow.{region}/v1",
    environment_names=("SILICONFLOW_API_KEY",),
    console_url="https://cloud.siliconflow.cn",
    how_to="Sign in, open API keys, create a key and copy it. A key works in its own region only.",
    refused_also="it belongs to another region than the one chosen",
    preferred_models=("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen3-8B"),
    fields=(
        Field(
            "region",
            "Region",
            "Where the account is; without one it is China.",
            False,
            choices=(
                Choice("china", "China (siliconflow.cn)", "cn"),
                Choice("international", "International (siliconflow.com)", "com"),
            ),
            default="china",
            environment_names=("SILICONFLOW_REGION",),
        ),
    ),
    # Several providers use this look, so it gives nobody away.
    formats=(KeyFormat(label="sk-...", pattern=r"sk-[a-z0-9]{16,}"),),
    check=Check(
        path="/user/info",
        auth=BEARER,
        # In dollars or yuan, by region: the answer does not say.
        inspect=credit_at("data.totalBalance", ""),
        models=MODELS,
        model_check=one_token_chat(),
    ),
)
