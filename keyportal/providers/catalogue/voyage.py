"""Voyage AI: facts only. Source: docs.voyageai.com/reference/embeddings-api and /docs/error-codes.

It has no list and no account route, so the check embeds one word.
"""

from dataclasses import replace

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, Finding, KeyFormat, Provider, ProviderKind
from keyportal.providers.families import BEARER
from keyportal.providers.inspecting import as_list, as_object

_MODEL = "voyage-3.5-lite"


def _inspect(answer: object) -> Finding | None:
    found = as_object(answer)
    entries = as_list(found.get("data")) if found is not None else None
    first = as_object(entries[0]) if entries else None
    return Finding(Outcome.VALID) if first is not None and as_list(first.get("embedding")) else None


_EMBED = Check(
    method="POST",
    path="/embeddings",
    auth=BEARER,
    body='{"input": ["Hi"], "model": "{model}"}',
    inspect=_inspect,
)

PROVIDER = Provider(
    id="voyage",
    name="Voyage AI",
    kind=ProviderKind.LLM,
    keywords=("embeddings",),
    base_url="https://api.voyageai.com/v1",
    environment_names=("VOYAGE_API_KEY",),
    console_url="https://dash.voyageai.com",
    how_to="Sign in, open API keys, choose Create new secret key and copy it. A test embeds one word.",
    preferred_models=(_MODEL,),
    formats=(KeyFormat(label="pa-...", pattern=r"pa-[\w-]+"),),
    check=replace(_EMBED, body=f'{{"input": ["Hi"], "model": "{_MODEL}"}}', model_check=_EMBED),
)
