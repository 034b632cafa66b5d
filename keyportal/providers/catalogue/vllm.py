"""vLLM: facts only. Source: docs.vllm.ai/en/latest/serving/openai_compatible_server.html."""

from keyportal.providers.base import Provider, ProviderKind
from keyportal.providers.families import openai_like

PROVIDER = Provider(
    id="vllm",
    name="vLLM",
    kind=ProviderKind.LLM,
    keywords=("local",),
    base_url="",
    environment_names=("VLLM_API_KEY",),
    console_url="",
    how_to=(
        "Use the key the server was started with (--api-key). "
        "An admin has to set its address, like http://host:8000/v1, before it can be tested."
    ),
    # A server started without a key answers everybody.
    check=openai_like(compare_made_up=True),
)
