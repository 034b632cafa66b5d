"""ElevenLabs: facts only. Source: elevenlabs.io/docs/api-reference/user/get and /docs/resources/errors."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import (
    CODE_PATHS,
    Check,
    Choice,
    Field,
    HeaderAuth,
    KeyFormat,
    Provider,
    ProviderKind,
    Rule,
)
from keyportal.providers.inspecting import holds

PROVIDER = Provider(
    id="elevenlabs",
    name="ElevenLabs",
    kind=ProviderKind.SPEECH,
    keywords=("11labs", "voice", "tts"),
    base_url="https://{region}.elevenlabs.io",
    environment_names=("ELEVENLABS_API_KEY", "XI_API_KEY"),
    console_url="https://elevenlabs.io/app/settings/api-keys",
    how_to="Sign in, open Settings, API keys, choose Create key and copy it. It is shown only once.",
    refused_also="it belongs to another region than the one chosen",
    fields=(
        Field(
            "region",
            "Region",
            "Only for an account whose data stays in one region.",
            False,
            choices=(
                Choice("global", "Global", "api"),
                Choice("us", "United States", "api.us"),
                Choice("eu", "European Union", "api.eu.residency"),
                Choice("in", "India", "api.in.residency"),
            ),
            default="global",
            environment_names=("ELEVENLABS_REGION",),
        ),
    ),
    formats=(
        KeyFormat(label="sk_ and 48 hex characters", pattern=r"sk_[a-f0-9]{48}"),
        KeyFormat(label="32 hex characters", pattern=r"[a-f0-9]{32}"),
    ),
    check=Check(
        path="/v1/user",
        auth=HeaderAuth("xi-api-key"),
        inspect=holds("subscription", dict),
        code_paths=("detail.status", *CODE_PATHS),
        rules=(
            Rule(401, Outcome.VALID_LIMITED, ("missing_permissions",)),
            Rule(400, Outcome.VALID_LIMITED, ("missing_permissions",)),
            Rule(401, Outcome.QUOTA_EXHAUSTED, ("quota_exceeded",)),
            Rule(400, Outcome.INVALID, ("invalid_api_key",)),
        ),
    ),
)
