"""What every body and every answer of the REST routes has in common."""

from pydantic import BaseModel, ConfigDict


class In(BaseModel):
    """A body: unknown names are refused, types are not converted, errors never repeat the input."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)
