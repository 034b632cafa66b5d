"""The JSON of what was used."""

from datetime import date

from pydantic import Field

from keyportal.api.schema_base import Out


class SumsOut(Out):
    uses: int = Field(description="How often a key was handed out.")
    ok: int = Field(description="How often programs reported that it worked.")
    failed: int = Field(description="How often they reported that it did not: the four below.")
    auth_failed: int
    rate_limited: int
    quota_exhausted: int
    error: int
    success_rate: float | None = Field(
        description="The part of what was reported that went well, 0 to 1; null where nothing was reported."
    )


class UsageDayOut(SumsOut):
    day: date


class UsageGroupOut(SumsOut):
    id: str = Field(
        description="The id of the provider, key or agent key; environment: and the provider for a variable"
        " of the server; empty for the server's own shell."
    )
    kind: str = Field(description="provider, key, environment, agent_key or command_line.")
    name: str = Field(description="Deleted key or Deleted agent key where nothing is left of it.")
    mask: str
    provider: str
    owner: str = Field(description="The email of somebody else whose it is.")
    is_system: bool
    is_deleted: bool
    share: float = Field(description="Its part of all uses that match, 0 to 1.")
    last_day: date = Field(description="The last day it was used within these days.")


class UsageOut(Out):
    """Days are days of UTC, each with an entry, oldest first; the last one is today."""

    totals: SumsOut
    days: list[UsageDayOut]
    items: list[UsageGroupOut]
    total: int
    page: int
    pages: int
