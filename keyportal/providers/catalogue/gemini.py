"""Google Gemini: facts only. Source: ai.google.dev/api/models and google.rpc.ErrorInfo."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, HeaderAuth, KeyFormat, Provider, ProviderKind, Rule
from keyportal.providers.families import GOOGLE_SIGN_INS
from keyportal.providers.inspecting import holds, model_list

_AUTH = HeaderAuth("x-goog-api-key")
# 401 here means the kind of token does not fit this route, not that the key is wrong.
_RULES = (
    Rule(400, Outcome.INVALID, ("API_KEY_INVALID", "API_KEY_EXPIRED")),
    Rule(400, Outcome.VALID_LIMITED, ("FAILED_PRECONDITION",)),
    Rule(401, Outcome.UNCHECKED, ("ACCESS_TOKEN_TYPE_UNSUPPORTED",)),
)

PROVIDER = Provider(
    id="gemini",
    name="Google Gemini",
    kind=ProviderKind.LLM,
    keywords=("google", "ai studio", "bard"),
    base_url="https://generativelanguage.googleapis.com",
    environment_names=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    console_url="https://aistudio.google.com/app/apikey",
    how_to="Sign in to Google AI Studio, choose Get API key, then Create API key, and copy it.",
    formats=(
        *GOOGLE_SIGN_INS,
        KeyFormat(label="AIza...", pattern=r"AIza[\w-]{35}", recognised_by=r"AIza"),
        KeyFormat(label="AQ. ...", pattern=r"AQ\.[\w.-]+", recognised_by=r"AQ\."),
    ),
    preferred_models=("gemini-2.5-flash-lite", "gemini-2.0-flash-lite", "gemini-2.5-flash", "gemini-"),
    check=Check(
        # Fifty entries stay well below the 64 KiB that are read.
        path="/v1beta/models?pageSize=50",
        auth=_AUTH,
        rules=_RULES,
        inspect=model_list("models", "name", id_prefix="models/"),
        # Counting is free.
        model_check=Check(
            method="POST",
            path="/v1beta/models/{model}:countTokens",
            auth=_AUTH,
            body='{"contents": [{"parts": [{"text": "Hi"}]}]}',
            inspect=holds("totalTokens", int),
            rules=(*_RULES, Rule(404, Outcome.VALID_LIMITED, ("NOT_FOUND",))),
        ),
    ),
)
