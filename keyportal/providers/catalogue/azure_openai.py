"""Azure OpenAI: facts only. Source: learn.microsoft.com/azure/ai-services/openai/reference.

What can be called there is a deployment, by the name its owner gave it: a model check needs that name.
"""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Check, Field, HeaderAuth, KeyFormat, Provider, ProviderKind, Rule
from keyportal.providers.families import one_token_chat
from keyportal.providers.inspecting import lists

_AUTH = HeaderAuth("api-key")
_VERSION = "?api-version={api_version}"

PROVIDER = Provider(
    id="azure_openai",
    name="Azure OpenAI",
    kind=ProviderKind.LLM,
    keywords=("microsoft", "gpt"),
    base_url="https://{resource}.openai.azure.com",
    environment_names=("AZURE_OPENAI_API_KEY", "AZURE_API_KEY"),
    console_url="https://portal.azure.com",
    how_to=(
        "Open your Azure OpenAI resource in the Azure portal, choose Keys and Endpoint, and copy one of the "
        "two keys. The resource's name is the first part of the endpoint."
    ),
    refused_also="it belongs to another resource than the one given",
    fields=(
        Field(
            "resource",
            "Resource name",
            "The first part of the endpoint: for https://my-team.openai.azure.com it is my-team.",
            True,
            "[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]",
            environment_names=("AZURE_OPENAI_RESOURCE",),
        ),
        Field(
            "api_version",
            "API version",
            "A date like 2024-10-21, with -preview after it for a preview.",
            False,
            "[0-9]{4}-[0-9]{2}-[0-9]{2}(?:-preview)?",
            default="2024-10-21",
            environment_names=("AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"),
        ),
        Field(
            "deployment",
            "Deployment",
            "The name of your deployment: programs get it with the key, and a model test asks it.",
            False,
            "[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
            environment_names=("AZURE_OPENAI_DEPLOYMENT",),
        ),
    ),
    model_field="deployment",
    formats=(
        KeyFormat(label="32 hex characters", pattern=r"[0-9a-f]{32}"),
        KeyFormat(label="84 letters and digits", pattern=r"[0-9A-Za-z]{84}"),
    ),
    check=Check(
        path=f"/openai/models{_VERSION}",
        auth=_AUTH,
        # Its names are of models that could be deployed, not of what the key may call: they are not kept.
        inspect=lists("data"),
        # This route exists wherever the service does.
        rules=(Rule(404, Outcome.REGION_OR_ENDPOINT_MISMATCH),),
        model_check=one_token_chat(
            f"/openai/deployments/{{model}}/chat/completions{_VERSION}",
            auth=_AUTH,
            rules=(Rule(404, Outcome.VALID_LIMITED, ("DeploymentNotFound",)),),
        ),
    ),
)
