"""Replicate: facts only. Source: replicate.com/docs/reference/http, the account route."""

from keyportal.providers.base import Check, KeyFormat, Provider, ProviderKind
from keyportal.providers.families import BEARER
from keyportal.providers.inspecting import holds

PROVIDER = Provider(
    id="replicate",
    name="Replicate",
    kind=ProviderKind.OTHER,
    base_url="https://api.replicate.com/v1",
    environment_names=("REPLICATE_API_TOKEN",),
    console_url="https://replicate.com/account/api-tokens",
    how_to="Sign in, open API tokens, create a token and copy it.",
    formats=(KeyFormat(label="r8_...", pattern=r"r8_[\w-]{37}", recognised_by=r"r8_"),),
    check=Check(path="/account", auth=BEARER, inspect=holds("username", str)),
)
