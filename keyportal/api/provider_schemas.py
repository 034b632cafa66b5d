"""The JSON of what admins decide about providers."""

from pydantic import Field

from keyportal.api.schema_base import In, Out


class ProviderCreate(In):
    """A provider at an address of your own that speaks as OpenAI does."""

    name: str = Field(description="Its id is made from this and never changes.")
    base_url: str = Field(
        description="Such as https://llm.example.com/v1; private hosts and http are allowed."
    )
    auth_style: str = Field("bearer", description="The header for the key: bearer, x-api-key or api-key.")
    environment_names: list[str] = Field(
        default_factory=list, max_length=20, description="Variables of the server, each ending in _API_KEY."
    )


class ProviderChange(In):
    """What is absent stays as it is. The last three are for providers that an admin added."""

    enabled: bool | None = None
    base_url: str | None = Field(None, description="Empty goes back to the catalogue's address.")
    name: str | None = None
    auth_style: str | None = None
    environment_names: list[str] | None = Field(None, max_length=20)
    version: int | None = Field(
        None, description="The version you saw; 412 if it is no longer the present one."
    )


class ProviderDecisionOut(Out):
    id: str
    name: str
    kind: str
    enabled: bool
    base_url: str
    default_base_url: str = Field(description="The address without an admin's; empty for an added provider.")
    is_custom: bool
    is_moved: bool
    fixed_by: str = Field(description="The server's setting that holds the address; else empty.")
    auth_style: str
    environment_names: list[str]
    credential_count: int
    keys_to_reenter: int = Field(description="Saved keys that are sealed to another address than this one.")
    version: int
    notice: str = Field(description="What follows from the change just made.")


class ProviderDecisions(Out):
    items: list[ProviderDecisionOut]
