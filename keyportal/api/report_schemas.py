"""The JSON of what programs report."""

from pydantic import Field

from keyportal.api.moments import Moment
from keyportal.api.schema_base import In, Out
from keyportal.domain.usage import ReportedOutcome


class ReportIn(In):
    resolution_id: str = Field(max_length=64, description="The one of the answer of a resolve.")
    outcome: str = Field(
        description=f"One of {', '.join(ReportedOutcome)}.",
        max_length=32,
        json_schema_extra={"enum": [str(outcome) for outcome in ReportedOutcome]},
    )
    http_status: int | None = Field(None, ge=100, le=599, description="What the provider answered with.")


class ReportOut(Out):
    resolution_id: str
    outcome: str
    steps_back_until: Moment | None = Field(
        description="Until then the same resolve hands out another key. Null where the key does not step"
        " back, or no other key can be used."
    )
