"""LiteLLM proxy: facts only. Source: docs.litellm.ai/docs/proxy/virtual_keys, the route /key/info."""

from dataclasses import replace

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, Finding, KeyFormat, Provider, ProviderKind, Rule
from keyportal.providers.families import BEARER, MODELS, one_token_chat
from keyportal.providers.inspecting import as_number, as_object, credit

_RULES = (
    Rule(400, Outcome.QUOTA_EXHAUSTED, ("budget_exceeded",)),
    Rule(429, Outcome.QUOTA_EXHAUSTED, ("budget_exceeded",)),
)


def _inspect(answer: object) -> Finding | None:
    found = as_object(answer)
    record = as_object(found.get("info")) if found is not None else None
    spent = as_number(record.get("spend")) if record is not None else None
    if record is None or spent is None:
        return None
    if record.get("blocked") is True:
        return Finding(Outcome.INVALID)
    budget = as_number(record.get("max_budget"))
    return Finding(Outcome.VALID) if budget is None else credit(budget - spent, "USD")


PROVIDER = Provider(
    id="litellm",
    name="LiteLLM proxy",
    kind=ProviderKind.AGGREGATOR,
    keywords=("proxy", "local"),
    base_url="",
    environment_names=("LITELLM_API_KEY",),
    console_url="",
    how_to=(
        "Ask whoever runs your LiteLLM proxy for a virtual key, or make one in its own pages. "
        "An admin has to set the proxy's address before it can be tested."
    ),
    # Several providers use this look, so it gives nobody away.
    formats=(KeyFormat(label="sk-...", pattern=r"sk-[\w-]+"),),
    check=Check(
        path="/key/info",
        auth=BEARER,
        inspect=_inspect,
        rules=_RULES,
        # The master key has no record of its own, and a proxy may run without a database.
        fallback=replace(MODELS, compare_made_up=True),
        models=MODELS,
        model_check=one_token_chat(rules=_RULES),
    ),
)
