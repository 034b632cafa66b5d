"""Variables that providers' own SDKs read besides those of the catalogue. Data only.

Source: the openai and anthropic packages for Python, their client constructors.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SdkVariables:
    """`address` takes the base URL, `fields` what stands beside the key, by the field's name.

    `rivals` hold credentials of another kind, which an SDK would use together with the key or instead.
    """

    address: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    rivals: tuple[str, ...] = ()


_NONE = SdkVariables()
_KNOWN = {
    "openai": SdkVariables(
        "OPENAI_BASE_URL",
        {"organization": "OPENAI_ORG_ID", "project": "OPENAI_PROJECT_ID"},
        ("OPENAI_ADMIN_KEY",),
    ),
    "anthropic": SdkVariables("ANTHROPIC_BASE_URL", rivals=("ANTHROPIC_AUTH_TOKEN",)),
    "azure_openai": SdkVariables("AZURE_OPENAI_ENDPOINT", rivals=("AZURE_OPENAI_AD_TOKEN",)),
}


def sdk_variables_of(provider_id: str) -> SdkVariables:
    return _KNOWN.get(provider_id, _NONE)
