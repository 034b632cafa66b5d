"""Speechmatics: facts only. Source: docs.speechmatics.com/batch.yaml, the list of jobs."""

from keyportal.providers.base import Check, Choice, Field, KeyFormat, Provider, ProviderKind
from keyportal.providers.families import BEARER
from keyportal.providers.inspecting import lists

PROVIDER = Provider(
    id="speechmatics",
    name="Speechmatics",
    kind=ProviderKind.SPEECH,
    keywords=("stt", "transcription"),
    base_url="https://{region}.asr.api.speechmatics.com/v2",
    environment_names=("SPEECHMATICS_API_KEY",),
    console_url="https://portal.speechmatics.com/settings/api-keys",
    how_to="Sign in to the portal, open Settings, API keys, create a key and copy it.",
    refused_also="it belongs to another region than the one chosen",
    fields=(
        Field(
            "region",
            "Region",
            "Where audio is sent; without one it is Europe.",
            False,
            choices=(Choice("eu1", "Europe"), Choice("us1", "United States"), Choice("au1", "Australia")),
            default="eu1",
            environment_names=("SPEECHMATICS_REGION",),
        ),
    ),
    formats=(KeyFormat(label="32 letters and digits", pattern=r"[A-Za-z0-9]{32}"),),
    check=Check(path="/jobs?limit=1", auth=BEARER, inspect=lists("jobs")),
)
