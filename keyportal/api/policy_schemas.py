"""The JSON of the policies."""

from pydantic import Field

from keyportal.api.schema_base import In, Out


class PoliciesChange(In):
    """What is absent stays as it is."""

    one_key_per_provider: bool = False
    environment_fallback: bool = True
    environment_off: list[str] = Field(default_factory=list, max_length=200)
    failover: bool = False
    failover_minutes: int = 0
    agent_key_days: int = 0
    agent_key_longest_days: int = 0
    usage_kept_days: int = 0
    deleted_kept_days: int = 0
    reports_kept_days: int = 0
    resolve_cache: bool = True
    version: str | None = Field(
        None, max_length=64, description="The one you saw; 412 if it is another by now."
    )


class PoliciesOut(Out):
    one_key_per_provider: bool = Field(description="A member has at most one key for each provider.")
    environment_fallback: bool = Field(description="Variables of the server are used where no key is saved.")
    environment_off: list[str] = Field(description="Ids of providers for which they never are.")
    failover: bool = Field(description="The next key may be used while an owner's key fails.")
    failover_minutes: int = Field(description="How long a key steps back after a program reported so.")
    agent_key_days: int = Field(description="How long an agent key lives unless said otherwise.")
    agent_key_longest_days: int
    usage_kept_days: int
    deleted_kept_days: int
    reports_kept_days: int
    resolve_cache: bool = Field(
        description="Resolves are answered from memory. Off only to look for a fault."
    )
    version: str
