"""Gladia: facts only. Source: docs.gladia.io/api-reference/v2/pre-recorded/list."""

from keyportal.providers.base import Check, HeaderAuth, KeyFormat, Provider, ProviderKind
from keyportal.providers.inspecting import lists

PROVIDER = Provider(
    id="gladia",
    name="Gladia",
    kind=ProviderKind.SPEECH,
    keywords=("stt", "transcription"),
    base_url="https://api.gladia.io",
    environment_names=("GLADIA_API_KEY",),
    console_url="https://app.gladia.io",
    how_to="Sign in, open API keys, choose Generate new API key and copy it.",
    formats=(KeyFormat(label="a UUID", pattern=r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),),
    check=Check(path="/v2/pre-recorded?limit=1", auth=HeaderAuth("x-gladia-key"), inspect=lists("items")),
)
