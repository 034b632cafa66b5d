"""Stability AI: facts only. Source: platform.stability.ai/docs/api-reference, the balance route."""

from keyportal.providers.base import Check, KeyFormat, Provider, ProviderKind
from keyportal.providers.families import BEARER
from keyportal.providers.inspecting import credit_at

PROVIDER = Provider(
    id="stability",
    name="Stability AI",
    kind=ProviderKind.OTHER,
    keywords=("stable diffusion",),
    base_url="https://api.stability.ai",
    environment_names=("STABILITY_API_KEY",),
    console_url="https://platform.stability.ai/account/keys",
    how_to="Sign in, open Account, API keys, choose Create API key and copy it.",
    # Several providers use this look, so it gives nobody away.
    formats=(KeyFormat(label="sk- and 48 characters", pattern=r"sk-[A-Za-z0-9]{48}"),),
    check=Check(path="/v1/user/balance", auth=BEARER, inspect=credit_at("credits", "credits")),
)
