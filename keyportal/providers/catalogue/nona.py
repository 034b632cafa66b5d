"""NONA: facts only. It has no public API, so it is read as an OpenAI-compatible server where there is one."""

from keyportal.providers.base import Provider, ProviderKind
from keyportal.providers.families import openai_like

PROVIDER = Provider(
    id="nona",
    name="NONA",
    kind=ProviderKind.AGGREGATOR,
    base_url="",
    environment_names=("NONA_API_KEY",),
    console_url="",
    how_to=(
        "Ask whoever runs the NONA platform for a key of your plan and region. "
        "An admin has to set the address before it can be tested."
    ),
    # Nobody documents whether its list is closed to strangers.
    check=openai_like(compare_made_up=True),
)
