"""Google Speech-to-Text: facts only. Source: cloud.google.com/speech-to-text/docs, REST v1 operations.list.

It takes an API key or a service account's JSON document.
"""

from dataclasses import replace

from keyportal.domain.checks import Outcome
from keyportal.providers.base import (
    Check,
    Finding,
    HeaderAuth,
    KeyFormat,
    Provider,
    ProviderKind,
    Rule,
    Variant,
)
from keyportal.providers.families import (
    GOOGLE_ACCOUNT,
    GOOGLE_ACCOUNT_FORMAT,
    GOOGLE_PROJECT,
    GOOGLE_SIGN_INS,
)
from keyportal.providers.inspecting import as_list, as_object


def _inspect(answer: object) -> Finding | None:
    found = as_object(answer)
    # Google leaves an empty list out: without operations a good answer is {}.
    is_list = found is not None and as_list(found.get("operations", [])) is not None
    return Finding(Outcome.VALID) if found is not None and is_list and found.keys() <= _NAMES else None


_NAMES = {"operations", "nextPageToken", "unreachable"}
_CHECK = Check(
    path="/v1/operations?pageSize=1",
    auth=HeaderAuth("x-goog-api-key"),
    inspect=_inspect,
    # An answer as plain as {} counts only where a stranger does not get it.
    compare_made_up=True,
    rules=(
        Rule(400, Outcome.INVALID, ("API_KEY_INVALID", "API_KEY_EXPIRED")),
        # The route wants another kind of key, which says nothing about this one.
        Rule(401, Outcome.UNCHECKED),
    ),
)

PROVIDER = Provider(
    id="google_speech",
    name="Google Speech-to-Text",
    kind=ProviderKind.SPEECH,
    keywords=("gcp", "stt"),
    base_url="https://speech.googleapis.com",
    environment_names=("GOOGLE_SPEECH_API_KEY", "GOOGLE_API_KEY"),
    file_environment_names=("GOOGLE_APPLICATION_CREDENTIALS",),
    console_url="https://console.cloud.google.com/apis/credentials",
    how_to=(
        "In the Google Cloud console, open APIs and services, Credentials. Create an API key, or open a "
        "service account, Keys, add a JSON key and paste the whole document."
    ),
    fields=(
        replace(GOOGLE_PROJECT, help="Only for version 2 of the API: the project's id.", required=False),
    ),
    # AIza is what Gemini's keys look like too; they are pasted more often, so it gives this one not away.
    formats=(
        *GOOGLE_SIGN_INS,
        KeyFormat(label="AIza...", pattern=r"AIza[\w-]{35}"),
        KeyFormat(label="AQ. ...", pattern=r"AQ\.[\w.-]+"),
        GOOGLE_ACCOUNT_FORMAT,
    ),
    check=_CHECK,
    variants=(Variant(r"\{.*", replace(_CHECK, auth=GOOGLE_ACCOUNT)),),
)
