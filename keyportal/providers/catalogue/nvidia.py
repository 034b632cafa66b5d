"""NVIDIA NIM: facts only. Source: docs.api.nvidia.com and NGC's key service, the route get-caller-info.

The list of models is public there and proves nothing about a key; the key service does.
"""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, Finding, FormAuth, KeyFormat, Provider, ProviderKind
from keyportal.providers.families import MODELS, one_token_chat
from keyportal.providers.inspecting import as_object

_KINDS = ("PERSONAL_KEY", "SERVICE_KEY")


def _inspect(answer: object) -> Finding | None:
    found = as_object(answer)
    return Finding(Outcome.VALID) if found is not None and found.get("type") in _KINDS else None


PROVIDER = Provider(
    id="nvidia",
    name="NVIDIA NIM",
    kind=ProviderKind.LLM,
    keywords=("nim", "nemotron"),
    base_url="https://integrate.api.nvidia.com/v1",
    environment_names=("NVIDIA_API_KEY",),
    console_url="https://build.nvidia.com",
    how_to="Sign in, open a model, choose Get API Key and copy it.",
    preferred_models=("meta/llama-3.1-8b-instruct", "meta/llama-3.2-3b-instruct"),
    formats=(KeyFormat(label="nvapi-...", pattern=r"nvapi-[\w-]{64}", recognised_by=r"nvapi-"),),
    check=Check(
        method="POST",
        base_url="https://api.ngc.nvidia.com",
        path="/v3/keys/get-caller-info",
        auth=FormAuth("credentials"),
        inspect=_inspect,
        models=MODELS,
        model_check=one_token_chat(),
    ),
)
