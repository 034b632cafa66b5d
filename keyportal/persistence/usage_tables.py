"""The tables of what was handed out, what came of it, and what changed for whom meanwhile."""

# SQLModel declares __tablename__ as something else than the text it takes.
# pyright: reportAssignmentType=false

from datetime import date, datetime

from sqlalchemy import BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from keyportal.persistence.columns import count_column


class UsageDayRow(SQLModel, table=True):
    """How often a key was handed out on one day (UTC), by provider, source and agent key.

    `credential_id` is empty for an environment variable, `agent_key_id` for the server's own shell.
    Below `count`, what programs reported about the keys they were given on that day.
    """

    __tablename__ = "usage_days"
    __table_args__ = (
        Index("ix_usage_days_credential", "credential_id", "day"),
        Index("ix_usage_days_agent", "agent_key_id", "day"),
        # By its own key, a day beside its neighbours: one look-up for each count.
        {"sqlite_with_rowid": False},
    )

    day: date = Field(primary_key=True)
    provider: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    credential_id: str = Field(primary_key=True, max_length=36)
    agent_key_id: str = Field(primary_key=True, max_length=36)
    count: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    ok: int = Field(default=0, sa_column=count_column())
    auth_failed: int = Field(default=0, sa_column=count_column())
    rate_limited: int = Field(default=0, sa_column=count_column())
    quota_exhausted: int = Field(default=0, sa_column=count_column())
    error: int = Field(default=0, sa_column=count_column())


class UsageReportRow(SQLModel, table=True):
    """What a program said about one key it was given. Kept so that nothing is counted twice."""

    __tablename__ = "usage_reports"

    resolution_id: str = Field(primary_key=True, max_length=48)
    outcome: str = Field(max_length=20)
    at: datetime = Field(index=True)


class ChangeRow(SQLModel, table=True):
    """The number of the last change that matters to a resolve, by whom it matters to.

    Triggers write it, so nothing can be changed unnoticed. The scope is a person's id, `system`, `*` for
    everybody, and empty for the last of all numbers.
    """

    __tablename__ = "changes"

    scope: str = Field(primary_key=True, max_length=40)
    number: int = Field(sa_column=Column(BigInteger, nullable=False))
