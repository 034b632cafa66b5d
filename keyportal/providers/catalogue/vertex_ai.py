"""Vertex AI: facts only. Source: cloud.google.com/vertex-ai, REST publishers.models.countTokens.

Its keys are service accounts' documents. API keys of its express mode cannot be checked for free.
"""

from dataclasses import replace

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, Field, Provider, ProviderKind, Rule
from keyportal.providers.families import (
    GOOGLE_ACCOUNT,
    GOOGLE_ACCOUNT_FORMAT,
    GOOGLE_PROJECT,
    GOOGLE_SIGN_INS,
)
from keyportal.providers.inspecting import holds

_MODEL = "gemini-2.5-flash-lite"
_PATH = "/v1/projects/{project}/locations/{location}/publishers/google/models/"
_COUNT = Check(
    method="POST",
    path=f"{_PATH}{_MODEL}:countTokens",
    auth=GOOGLE_ACCOUNT,
    body='{"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}',
    inspect=holds("totalTokens", int),
    # By then Google has accepted the account: only the model, project or location is not its own.
    rules=(Rule(404, Outcome.VALID_LIMITED, ("NOT_FOUND",)),),
)

PROVIDER = Provider(
    id="vertex_ai",
    name="Vertex AI",
    kind=ProviderKind.LLM,
    keywords=("google", "gcp", "gemini"),
    base_url="https://{location}-aiplatform.googleapis.com",
    environment_names=("VERTEX_AI_CREDENTIALS",),
    file_environment_names=("GOOGLE_APPLICATION_CREDENTIALS",),
    console_url="https://console.cloud.google.com/iam-admin/serviceaccounts",
    how_to=(
        "In the Google Cloud console, open Service accounts, choose one with the role Vertex AI User, open "
        "Keys, add a JSON key and paste the whole document."
    ),
    refused_also="its service account is turned off, or this server's clock is off",
    preferred_models=(_MODEL,),
    fields=(
        GOOGLE_PROJECT,
        Field(
            "location",
            "Location",
            "A region like europe-west4; without one it is us-central1.",
            False,
            "[a-z]{2,20}-[a-z]{2,20}[0-9]{1,2}",
            default="us-central1",
            environment_names=("GOOGLE_CLOUD_LOCATION", "VERTEX_LOCATION"),
        ),
    ),
    formats=(*GOOGLE_SIGN_INS, GOOGLE_ACCOUNT_FORMAT),
    check=replace(_COUNT, model_check=replace(_COUNT, path=f"{_PATH}{{model}}:countTokens")),
)
