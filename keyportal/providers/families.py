"""What several providers of the catalogue have in common: the OpenAI way, Google's documents.

Facts only: never opens a connection.
"""

import json
from collections.abc import Mapping

from keyportal.domain.checks import Outcome
from keyportal.providers.base import (
    CODE_PATHS,
    Auth,
    Check,
    Field,
    Finding,
    GoogleToken,
    HeaderAuth,
    Inspect,
    KeyFormat,
    Rule,
)
from keyportal.providers.inspecting import as_list, as_object, model_list

BEARER = HeaderAuth("Authorization", "Bearer ")
GOOGLE_ACCOUNT = GoogleToken("https://www.googleapis.com/auth/cloud-platform")
# Two providers take it: a person is asked which.
GOOGLE_ACCOUNT_FORMAT = KeyFormat(
    label="a service-account JSON document",
    pattern=r"\{.*\"service_account\".*\}\s*",
    recognised_by=r"\{[^{}]{0,8000}\"type\"\s{0,4}:\s{0,4}\"service_account\"",
)
GOOGLE_SIGN_INS = (
    KeyFormat(
        label="OAuth token",
        pattern=r"ya29\..+",
        recognised_by=r"ya29\.",
        wrong_kind="This is a sign-in token (OAuth). Create an API key instead.",
    ),
    KeyFormat(
        label="JSON web token",
        pattern=r"eyJ.+",
        wrong_kind="This is a JSON web token (a sign-in). Create an API key instead.",
    ),
)
GOOGLE_PROJECT = Field(
    "project",
    "Project",
    "The project's id, like my-project-123456.",
    True,
    "[a-z][a-z0-9-]{4,28}[a-z0-9]",
    environment_names=("GOOGLE_CLOUD_PROJECT", "VERTEX_PROJECT"),
)
# The key was good a moment ago; these codes say that it cannot have this model.
_NO_SUCH_MODEL = (
    "model_not_found",
    "model_not_available",
    "invalid_model",
    "not_found_error",
    "resource_not_found_error",
    "NOT_FOUND",
    "NotFoundError",
)
_CHAT_RULES = (
    Rule(400, Outcome.VALID_LIMITED, _NO_SUCH_MODEL),
    Rule(404, Outcome.VALID_LIMITED, _NO_SUCH_MODEL),
)


def chat_body(model: str = "{model}", limit: str = "max_tokens") -> str:
    """Return the body of a question to which one token is the answer."""
    return json.dumps({"model": model, "messages": [{"role": "user", "content": "Hi"}], limit: 1})


def one_token_chat(
    path: str = "/chat/completions",
    *,
    auth: Auth = BEARER,
    body: str = "",
    inspect: Inspect | None = None,
    rules: tuple[Rule, ...] = (),
    field_headers: tuple[tuple[str, str], ...] = (),
) -> Check:
    """Make the check that one model answers."""
    return Check(
        method="POST",
        path=path,
        auth=auth,
        body=body or chat_body(),
        inspect=inspect or _inspect_chat,
        rules=rules + _CHAT_RULES,
        field_headers=field_headers,
        code_paths=(*CODE_PATHS, "type"),
    )


def openai_like(
    *,
    auth: Auth = BEARER,
    rules: tuple[Rule, ...] = (),
    field_headers: tuple[tuple[str, str], ...] = (),
    body: str = "",
    compare_made_up: bool = False,
) -> Check:
    """Make the check of a provider that speaks as OpenAI does: the list, then a model of it."""
    return Check(
        path="/models",
        auth=auth,
        inspect=model_list("data", "id"),
        rules=rules,
        field_headers=field_headers,
        compare_made_up=compare_made_up,
        model_check=one_token_chat(auth=auth, body=body, rules=rules, field_headers=field_headers),
    )


# Where the proof is something else, the list is still nice to know.
MODELS = Check(path="/models", auth=BEARER, inspect=model_list("data", "id"))


def _inspect_chat(answer: object) -> Finding | None:
    found = as_object(answer)
    choices = as_list(found.get("choices")) if found is not None else None
    return Finding(Outcome.VALID) if choices and isinstance(choices[0], Mapping) else None
