"""DeepSeek: facts only. Source: api-docs.deepseek.com/api/get-user-balance."""

import re

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, Finding, KeyFormat, Provider, ProviderKind
from keyportal.providers.families import BEARER, MODELS, one_token_chat
from keyportal.providers.inspecting import as_amount, as_list, as_object


def _inspect(answer: object) -> Finding | None:
    found = as_object(answer)
    if found is None or not isinstance(found.get("is_available"), bool):
        return None
    outcome = Outcome.VALID if found["is_available"] else Outcome.QUOTA_EXHAUSTED
    return Finding(outcome, balance=_balance(found.get("balance_infos")))


def _balance(infos: object) -> str | None:
    parts: list[str] = []
    for info in map(as_object, as_list(infos) or []):
        amount = as_amount(info.get("total_balance")) if info is not None else None
        currency = info.get("currency") if info is not None else None
        if amount is not None and isinstance(currency, str) and re.fullmatch("[A-Z]{3}", currency):
            parts.append(f"{amount:.2f} {currency}")
    return ", ".join(parts[:4]) or None


PROVIDER = Provider(
    id="deepseek",
    name="DeepSeek",
    kind=ProviderKind.LLM,
    base_url="https://api.deepseek.com",
    environment_names=("DEEPSEEK_API_KEY",),
    console_url="https://platform.deepseek.com/api_keys",
    how_to="Sign in, open API keys, choose Create new API key and copy it. It is shown only once.",
    # sk- and 32 characters is the look of several providers, so it gives nobody away.
    formats=(KeyFormat(label="sk- and 32 characters", pattern=r"sk-[a-z0-9]{32}"),),
    preferred_models=("deepseek-chat",),
    check=Check(
        path="/user/balance",
        auth=BEARER,
        inspect=_inspect,
        models=MODELS,
        model_check=one_token_chat(),
    ),
)
