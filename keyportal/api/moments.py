"""Times in JSON: RFC 3339 with a zone going in, in UTC with Z coming out."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def _read_moment(value: object) -> datetime | None:
    if value is None:
        return None
    text = value.upper() if isinstance(value, str) else ""
    if _RFC_3339.fullmatch(text):
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ValueError("has to be a time with its zone, such as 2027-01-31T00:00:00Z")


def _write_moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


MomentIn = Annotated[datetime | None, BeforeValidator(_read_moment)]
# As RFC 3339 in UTC with Z, whatever zone a database driver chose.
Moment = Annotated[
    datetime,
    PlainSerializer(_write_moment, when_used="json"),
    Field(json_schema_extra={"format": "date-time"}),
]
