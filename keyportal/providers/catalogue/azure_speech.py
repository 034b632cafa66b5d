"""Azure Speech: facts only. Source: learn.microsoft.com, "Text to speech REST API", list of voices."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import (
    Check,
    Field,
    Finding,
    HeaderAuth,
    KeyFormat,
    Provider,
    ProviderKind,
    Rule,
)
from keyportal.providers.inspecting import as_list, as_object


def _inspect(answer: object) -> Finding | None:
    voices = as_list(answer)
    first = as_object(voices[0]) if voices else None
    return Finding(Outcome.VALID) if first is not None and isinstance(first.get("ShortName"), str) else None


PROVIDER = Provider(
    id="azure_speech",
    name="Azure Speech",
    kind=ProviderKind.SPEECH,
    keywords=("microsoft", "stt"),
    base_url="https://{region}.tts.speech.microsoft.com",
    environment_names=("AZURE_SPEECH_KEY", "SPEECH_KEY"),
    console_url="https://portal.azure.com",
    how_to=(
        "Open your Speech resource in the Azure portal, choose Keys and Endpoint, and copy one of the two "
        "keys and the region. For a custom domain an admin sets the base URL."
    ),
    refused_also="it belongs to another region than the one chosen",
    fields=(
        Field(
            "region",
            "Region",
            "The resource's region in one word, like westeurope.",
            True,
            "[a-z][a-z0-9]{1,40}",
            environment_names=("AZURE_SPEECH_REGION", "SPEECH_REGION"),
        ),
    ),
    formats=(
        KeyFormat(label="32 hex characters", pattern=r"[0-9a-f]{32}"),
        KeyFormat(label="84 letters and digits", pattern=r"[0-9A-Za-z]{84}"),
    ),
    check=Check(
        path="/cognitiveservices/voices/list",
        auth=HeaderAuth("Ocp-Apim-Subscription-Key"),
        # This route exists wherever the service does.
        rules=(Rule(404, Outcome.REGION_OR_ENDPOINT_MISMATCH),),
        inspect=_inspect,
    ),
)
