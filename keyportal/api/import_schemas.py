"""The JSON of imports. The text goes in and never comes out; what comes out is masked."""

from pydantic import Field, SecretStr

from keyportal.api.schema_base import In, Out
from keyportal.services.import_lines import LINES_LIMIT, TEXT_LIMIT
from keyportal.services.import_rows import ImportAction

_ACTIONS = ", ".join(ImportAction)


class ImportRowIn(In):
    """What is absent stays as the preview has it."""

    line: int = Field(ge=1, le=LINES_LIMIT)
    action: str | None = Field(None, max_length=20, description=f"One of {_ACTIONS}.")
    provider: str | None = Field(None, max_length=64, description="A provider id; null is a General key.")
    name: str | None = Field(None, max_length=320)


class ImportIn(In):
    text: SecretStr = Field(description=f"The lines, at most {LINES_LIMIT} and {TEXT_LIMIT // 1000} kB.")
    rows: list[ImportRowIn] = Field(default_factory=list, max_length=LINES_LIMIT)
    dry_run: bool = Field(False, description="Say what would happen, and store nothing.")


class ImportRowOut(Out):
    line: int
    variable: str
    mask: str
    provider: str | None = Field(description="null for a General key.")
    name: str
    action: str
    choices: list[str] = Field(description="The actions this row may have.")
    note: str
    problem: str = Field(description="Why this row cannot be imported as it is. Empty where it can.")


class RefusedLineOut(Out):
    line: int
    variable: str = Field(description="Empty where it could be a value out of its place.")
    reason: str


class ImportOut(Out):
    dry_run: bool
    added: int
    overwritten: int
    skipped: int
    rows: list[ImportRowOut]
    refused: list[RefusedLineOut]
