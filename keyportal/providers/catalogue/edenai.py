"""Eden AI: facts only. Source: docs.edenai.co, cost management and the v3 chat endpoint."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, KeyFormat, Provider, ProviderKind, Rule
from keyportal.providers.families import BEARER, one_token_chat
from keyportal.providers.inspecting import credit_at

PROVIDER = Provider(
    id="edenai",
    name="Eden AI",
    kind=ProviderKind.AGGREGATOR,
    base_url="https://api.edenai.run",
    environment_names=("EDENAI_API_KEY", "EDEN_AI_API_KEY", "ROUNDTABLE_EDEN_AI_API_KEY"),
    console_url="https://app.edenai.run",
    how_to="Sign in, open your account, API keys, and copy the token.",
    preferred_models=("openai/gpt-4o-mini", "mistral/mistral-small-latest"),
    formats=(
        KeyFormat(label="sk-eden-...", pattern=r"sk-eden-[\w-]+", recognised_by=r"sk-eden-"),
        KeyFormat(label="eyJ... in three parts", pattern=r"eyJ[\w-]+\.[\w-]+\.[\w-]+"),
    ),
    check=Check(
        path="/v2/cost_management/credits/",
        auth=BEARER,
        inspect=credit_at("credits", "USD"),
        # Both a malformed token and a good one without this right are answered like that.
        rules=(Rule(403, Outcome.UNCHECKED),),
        model_check=one_token_chat("/v3/llm/chat/completions"),
    ),
)
