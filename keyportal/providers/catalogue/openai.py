"""OpenAI: facts only. Source: platform.openai.com/docs/api-reference/models/list."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Field, KeyFormat, Provider, ProviderKind, Rule
from keyportal.providers.families import chat_body, openai_like

_ID = "[A-Za-z0-9_-]{1,80}"

PROVIDER = Provider(
    id="openai",
    name="OpenAI",
    kind=ProviderKind.LLM,
    keywords=("gpt", "chatgpt", "whisper", "dall-e"),
    base_url="https://api.openai.com/v1",
    environment_names=("OPENAI_API_KEY",),
    console_url="https://platform.openai.com/api-keys",
    how_to="Sign in, open API keys, choose Create new secret key and copy it; it is shown once.",
    fields=(
        Field(
            "organization",
            "Organization",
            "Only for several organizations: the id org-... .",
            False,
            _ID,
        ),
        Field("project", "Project", "Only for several projects: the id proj_... .", False, _ID),
    ),
    formats=(
        KeyFormat(
            label="admin key",
            pattern=r"sk-admin-[\w-]+",
            wrong_kind="This is an admin key, which cannot use models. Create an API key instead.",
            recognised_by=r"sk-admin-",
        ),
        KeyFormat(
            label="sk-proj-... or sk-...",
            pattern=r"sk-(?:(?:proj|svcacct|service)-[\w-]+|[A-Za-z0-9]+)T3BlbkFJ[\w-]+",
            recognised_by=r"sk-(?:proj|svcacct|service)-|sk-[A-Za-z0-9]+T3BlbkFJ",
        ),
    ),
    refused_also="it may not be used from this address or organization",
    preferred_models=("gpt-4.1-nano", "gpt-4o-mini", "gpt-4.1-mini", "gpt-4o"),
    check=openai_like(
        field_headers=(("organization", "OpenAI-Organization"), ("project", "OpenAI-Project")),
        # The key itself may be good: the organization or project given beside it is not its own.
        rules=(
            Rule(
                401,
                Outcome.REGION_OR_ENDPOINT_MISMATCH,
                ("mismatched_organization", "invalid_organization", "mismatched_project"),
            ),
        ),
        # Its newer models take the limit under this name only.
        body=chat_body(limit="max_completion_tokens"),
    ),
)
