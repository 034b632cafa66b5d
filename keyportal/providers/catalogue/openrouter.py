"""OpenRouter: facts only. Source: openrouter.ai/docs/api-reference/limits.

The list of models is public there and proves nothing about a key; its own record does.
"""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, Finding, KeyFormat, Provider, ProviderKind
from keyportal.providers.families import BEARER, one_token_chat
from keyportal.providers.inspecting import as_number, as_object, credit


def _inspect(answer: object) -> Finding | None:
    found = as_object(answer)
    record = as_object(found.get("data")) if found is not None else None
    if record is None or "limit_remaining" not in record:
        return None
    if record["limit_remaining"] is None:
        return Finding(Outcome.VALID)
    return credit(as_number(record["limit_remaining"]), "USD")


PROVIDER = Provider(
    id="openrouter",
    name="OpenRouter",
    kind=ProviderKind.AGGREGATOR,
    base_url="https://openrouter.ai/api/v1",
    environment_names=("OPENROUTER_API_KEY", "ROUNDTABLE_OPENROUTER_API_KEY"),
    console_url="https://openrouter.ai/settings/keys",
    how_to="Sign in, open Settings, Keys, choose Create key and copy it. It is shown only once.",
    formats=(KeyFormat(label="sk-or-v1-...", pattern=r"sk-or-v1-[0-9a-f]{64}", recognised_by=r"sk-or-v1-"),),
    # Small, open and offered by many: it outlives most names there.
    preferred_models=("meta-llama/llama-3.1-8b-instruct",),
    check=Check(path="/key", auth=BEARER, inspect=_inspect, model_check=one_token_chat()),
)
