"""AssemblyAI: facts only. Source: assemblyai.com/docs/api-reference/transcripts/list."""

from keyportal.providers.base import Check, Choice, Field, HeaderAuth, KeyFormat, Provider, ProviderKind
from keyportal.providers.inspecting import lists

PROVIDER = Provider(
    id="assemblyai",
    name="AssemblyAI",
    kind=ProviderKind.SPEECH,
    keywords=("stt", "transcription"),
    base_url="https://{region}.assemblyai.com",
    environment_names=("ASSEMBLYAI_API_KEY", "AAI_API_KEY"),
    console_url="https://www.assemblyai.com/app/api-keys",
    how_to="Sign in, open API keys and copy the key of the project you will use.",
    refused_also="it belongs to another region than the one chosen",
    fields=(
        Field(
            "region",
            "Region",
            "Where the account's data is kept; without one it is the United States.",
            False,
            choices=(Choice("us", "United States", "api"), Choice("eu", "European Union", "api.eu")),
            default="us",
            environment_names=("ASSEMBLYAI_REGION",),
        ),
    ),
    formats=(KeyFormat(label="32 lower-case letters and digits", pattern=r"[0-9a-z]{32}"),),
    check=Check(
        path="/v2/transcript?limit=1", auth=HeaderAuth("Authorization"), inspect=lists("transcripts")
    ),
)
