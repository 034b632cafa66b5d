"""Qwen (Alibaba Model Studio): facts only. Source: help.aliyun.com/zh/model-studio/error-code."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Choice, Field, KeyFormat, Provider, ProviderKind, Rule
from keyportal.providers.families import openai_like

PROVIDER = Provider(
    id="dashscope",
    name="Qwen (DashScope)",
    kind=ProviderKind.LLM,
    keywords=("alibaba", "tongyi", "aliyun"),
    base_url="https://{region}.aliyuncs.com/compatible-mode/v1",
    environment_names=("DASHSCOPE_API_KEY", "QWEN_API_KEY"),
    console_url="https://bailian.console.aliyun.com",
    how_to=(
        "Sign in to Model Studio in the region you will use, open API keys, create one and copy it. "
        "A key works in its own region only; for a workspace's own address an admin sets the base URL."
    ),
    refused_also="it belongs to another region than the one chosen",
    preferred_models=("qwen-flash", "qwen-turbo", "qwen-plus"),
    fields=(
        Field(
            "region",
            "Region",
            "The region the key was created in.",
            True,
            choices=(
                Choice("beijing", "Beijing (China)", "dashscope"),
                Choice("singapore", "Singapore (international)", "dashscope-intl"),
                Choice("virginia", "Virginia (US)", "dashscope-us"),
            ),
            environment_names=("DASHSCOPE_REGION",),
        ),
    ),
    # Several providers use this look, so it gives nobody away.
    formats=(KeyFormat(label="sk-...", pattern=r"sk-[\w.-]{16,}"),),
    check=openai_like(
        rules=(
            Rule(400, Outcome.QUOTA_EXHAUSTED, ("Arrearage",)),
            Rule(429, Outcome.QUOTA_EXHAUSTED, ("Throttling.AllocationQuota", "insufficient_quota")),
        ),
    ),
)
