"""Cohere: facts only. Source: docs.cohere.com/reference, checkapikey, list-models and chat."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, Finding, KeyFormat, Provider, ProviderKind
from keyportal.providers.families import BEARER, one_token_chat
from keyportal.providers.inspecting import as_object, holds, model_list


def _inspect(answer: object) -> Finding | None:
    found = as_object(answer)
    if found is None or not isinstance(found.get("valid"), bool):
        return None
    return Finding(Outcome.VALID if found["valid"] else Outcome.INVALID)


PROVIDER = Provider(
    id="cohere",
    name="Cohere",
    kind=ProviderKind.LLM,
    keywords=("command",),
    base_url="https://api.cohere.com",
    environment_names=("CO_API_KEY", "COHERE_API_KEY"),
    console_url="https://dashboard.cohere.com/api-keys",
    how_to="Sign in, open API keys, and copy the trial key or create a production key.",
    preferred_models=("command-r7b", "command-r-"),
    formats=(KeyFormat(label="40 letters and digits", pattern=r"[A-Za-z0-9]{40}"),),
    check=Check(
        method="POST",
        path="/v1/check-api-key",
        auth=BEARER,
        body="{}",
        inspect=_inspect,
        models=Check(
            path="/v1/models?endpoint=chat&page_size=100", auth=BEARER, inspect=model_list("models", "name")
        ),
        model_check=one_token_chat("/v2/chat", inspect=holds("message.role", str)),
    ),
)
