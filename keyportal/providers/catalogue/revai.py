"""Rev.ai: facts only. Source: docs.rev.ai/api/asynchronous/reference, the account route."""

from keyportal.providers.base import Check, Provider, ProviderKind
from keyportal.providers.families import BEARER
from keyportal.providers.inspecting import credit_at

PROVIDER = Provider(
    id="revai",
    name="Rev.ai",
    kind=ProviderKind.SPEECH,
    keywords=("rev", "stt", "transcription"),
    base_url="https://api.rev.ai/speechtotext/v1",
    # Both spellings are in use.
    environment_names=("REVAI_ACCESS_TOKEN", "REVAI_API_KEY", "REV_AI_API_KEY"),
    console_url="https://www.rev.ai/access_token",
    how_to="Sign in, open Access token, choose Generate new access token and copy it.",
    check=Check(path="/account", auth=BEARER, inspect=credit_at("balance_seconds", "seconds", 0)),
)
