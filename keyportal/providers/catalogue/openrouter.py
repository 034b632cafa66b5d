"""OpenRouter: facts only. Source: openrouter.ai/docs/api-reference/limits.

The list of models is public there and proves nothing about a key; its own record does.
"""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, Finding, HeaderAuth, KeyFormat, Provider, ProviderKind
from keyportal.providers.inspecting import as_number, as_object


def _inspect(answer: object) -> Finding | None:
    found = as_object(answer)
    record = as_object(found.get("data")) if found is not None else None
    if record is None or "limit_remaining" not in record:
        return None
    if record["limit_remaining"] is None:
        return Finding(Outcome.VALID)
    remaining = as_number(record["limit_remaining"])
    if remaining is None:
        return None
    outcome = Outcome.VALID if remaining > 0 else Outcome.QUOTA_EXHAUSTED
    return Finding(outcome, balance=f"{remaining:.2f} USD")


PROVIDER = Provider(
    id="openrouter",
    name="OpenRouter",
    kind=ProviderKind.AGGREGATOR,
    base_url="https://openrouter.ai/api/v1",
    environment_names=("OPENROUTER_API_KEY", "ROUNDTABLE_OPENROUTER_API_KEY"),
    console_url="https://openrouter.ai/settings/keys",
    how_to="Sign in, open Settings, Keys, choose Create key and copy it. It is shown only once.",
    formats=(KeyFormat(label="sk-or-v1-...", pattern=r"sk-or-v1-[0-9a-f]{64}", recognised_by=r"sk-or-v1-"),),
    check=Check(path="/key", auth=HeaderAuth("Authorization", "Bearer "), inspect=_inspect),
)
