"""Google Gemini: facts only. Source: ai.google.dev/api/models and google.rpc.ErrorInfo."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, HeaderAuth, KeyFormat, Provider, ProviderKind, Rule
from keyportal.providers.inspecting import model_list

PROVIDER = Provider(
    id="gemini",
    name="Google Gemini",
    kind=ProviderKind.LLM,
    base_url="https://generativelanguage.googleapis.com",
    environment_names=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    console_url="https://aistudio.google.com/app/apikey",
    how_to="Sign in to Google AI Studio, choose Get API key, then Create API key, and copy it.",
    formats=(
        KeyFormat(
            label="OAuth token",
            pattern=r"ya29\..+",
            wrong_kind="This is a sign-in token (OAuth). Create an API key instead.",
        ),
        KeyFormat(
            label="JSON web token",
            pattern=r"eyJ.+",
            wrong_kind="This is a JSON web token (a sign-in). Create an API key instead.",
        ),
        KeyFormat(label="AIza...", pattern=r"AIza[\w-]{35}", recognised_by=r"AIza"),
        KeyFormat(label="AQ. ...", pattern=r"AQ\.[\w.-]+", recognised_by=r"AQ\."),
    ),
    check=Check(
        # Fifty entries stay well below the 64 KiB that are read.
        path="/v1beta/models?pageSize=50",
        auth=HeaderAuth("x-goog-api-key"),
        # 401 here means the kind of token does not fit this route, not that the key is wrong.
        rules=(
            Rule(400, Outcome.INVALID, ("API_KEY_INVALID", "API_KEY_EXPIRED")),
            Rule(400, Outcome.VALID_LIMITED, ("FAILED_PRECONDITION",)),
            Rule(401, Outcome.UNCHECKED, ("ACCESS_TOKEN_TYPE_UNSUPPORTED",)),
        ),
        inspect=model_list("models", "name", id_prefix="models/"),
    ),
)
