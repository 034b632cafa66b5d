"""Deepgram: facts only. Source: developers.deepgram.com/docs/authenticating."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, Finding, HeaderAuth, KeyFormat, Provider, ProviderKind
from keyportal.providers.inspecting import as_list, as_object


def _inspect(answer: object) -> Finding | None:
    found = as_object(answer)
    if found is None:
        return None
    # The documentation promises "details about your key"; other routes nest the same record.
    record = as_object(found.get("api_key")) or found
    scopes = as_list(record.get("scopes"))
    if scopes is None:
        return Finding(Outcome.VALID) if isinstance(record.get("api_key_id"), str) else None
    return Finding(Outcome.VALID if scopes else Outcome.VALID_LIMITED)


PROVIDER = Provider(
    id="deepgram",
    name="Deepgram",
    kind=ProviderKind.SPEECH,
    keywords=("stt", "transcription"),
    base_url="https://api.deepgram.com",
    environment_names=("DEEPGRAM_API_KEY",),
    console_url="https://console.deepgram.com",
    how_to="Sign in, open your project, API keys, choose Create a new API key and copy it.",
    formats=(KeyFormat(label="40 lower-case letters and digits", pattern=r"[0-9a-z]{40}"),),
    check=Check(path="/v1/auth/token", auth=HeaderAuth("Authorization", "Token "), inspect=_inspect),
)
