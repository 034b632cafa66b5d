"""The JSON of a key's links."""

from pydantic import Field

from keyportal.api.moments import Moment
from keyportal.api.schema_base import In, Out


class LinkCreate(In):
    """Where a key is used besides its own provider."""

    provider: str = Field(description="A provider id of GET /api/providers; case does not matter.")
    model_pattern: str = Field(
        "", description="Models to use it first for, such as gpt-4o*; only * is special. Empty: all models."
    )


class LinkOut(Out):
    id: str
    provider: str
    model_pattern: str
    created_at: Moment


class Links(Out):
    items: list[LinkOut]
