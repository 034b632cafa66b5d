"""The tables of what the deployment keeps about itself: settings, encryption keys, who serves, tries."""

# SQLModel declares __tablename__ as something else than the text it takes.
# pyright: reportAssignmentType=false

from datetime import datetime

from sqlalchemy import BigInteger, Column, LargeBinary
from sqlmodel import Field, SQLModel

from keyportal.persistence.columns import json_column, new_id


class CheckSlotRow(SQLModel, table=True):
    """A check that is running somewhere in this deployment. One left behind by a crash expires."""

    __tablename__ = "check_slots"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    person: str
    expires_at: datetime


class SettingRow(SQLModel, table=True):
    """A value the deployment keeps about itself, such as the set-up code's digest."""

    __tablename__ = "settings"

    name: str = Field(primary_key=True, max_length=64)
    value: str
    updated_at: datetime


class EncryptionKeyRow(SQLModel, table=True):
    """An encryption key this database was written with: a canary it must open, and its seals.

    It may be missing from the settings only once it is retired (nothing needs it any more) or abandoned
    (it is lost, and so are the values it sealed).
    """

    __tablename__ = "encryption_keys"

    key_id: str = Field(primary_key=True, max_length=8)
    canary: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    # What its events on the trail are verified with, sealed under the key that followed it.
    audit_key: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    seals: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    created_at: datetime
    retired_at: datetime | None = None
    abandoned_at: datetime | None = None


class ProcessRow(SQLModel, table=True):
    """A server that is running on this database, and the encryption keys it was started with.

    It says so again and again; one that is silent was killed.
    """

    __tablename__ = "processes"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    # What it serves: the portal, or the API alone.
    kind: str = Field(max_length=10)
    host: str
    pid: int
    key_ids: list[str] = Field(sa_column=json_column("[]"))
    current_key_id: str = Field(max_length=8)
    started_at: datetime
    seen_at: datetime


class AttemptRow(SQLModel, table=True):
    """How often a guess was made against one account or from one address in a window."""

    __tablename__ = "attempts"

    key: str = Field(primary_key=True, max_length=300)
    count: int
    window_ends_at: datetime
