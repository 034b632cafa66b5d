"""The tables. A row never leaves services; the screen and the API get views."""

# SQLModel declares __tablename__ as something else than the text it takes.
# pyright: reportAssignmentType=false

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, text
from sqlmodel import Field, SQLModel

# SQLite numbers rows by itself only in a column of type INTEGER.
_SERIAL = BigInteger().with_variant(Integer, "sqlite")
_LIVE = text("deleted_at IS NULL")


def new_id() -> str:
    return str(uuid4())


def _owner_column(nullable: bool) -> Column[str]:
    return Column(ForeignKey("users.id"), nullable=nullable, index=True)


def _json_column(empty: str) -> Column[Any]:
    return Column(JSON, nullable=False, server_default=empty)


class UserRow(SQLModel, table=True):
    __tablename__ = "users"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    email: str
    email_key: str = Field(unique=True)
    name: str
    role: str
    password_digest: str
    active: bool = True
    created_at: datetime
    last_sign_in_at: datetime | None = None
    version: int = 1


class SessionRow(SQLModel, table=True):
    """A signed-in browser. Only the digest of its token is here."""

    __tablename__ = "sessions"

    digest: str = Field(primary_key=True, max_length=64)
    user_id: str = Field(sa_column=_owner_column(nullable=False))
    address: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


class CredentialRow(SQLModel, table=True):
    """A stored provider key. `owner_key` is the owner's id or `system`: NULL would not be unique."""

    __tablename__ = "credentials"
    __table_args__ = (
        Index("uq_credentials_owner_name", "owner_key", "name_key", unique=True,
              sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_credentials_chain", "owner_key", "provider", "position"),
        Index("ix_credentials_created", "owner_key", "created_at", "id"),
    )  # fmt: skip

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    ownership: str
    owner_id: str | None = Field(default=None, sa_column=_owner_column(nullable=True))
    owner_key: str
    provider: str
    name: str
    name_key: str
    mask: str
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    key_id: str
    secret_version: int = 1
    base_url: str
    destination: str
    unreadable: bool = False
    fields: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    # Names of the fields sealed together with the value; their values stand nowhere else.
    secret_fields: list[str] = Field(default_factory=list, sa_column=_json_column("[]"))
    note: str = ""
    environment: str = ""
    active: bool = True
    position: int = 0
    expires_at: datetime | None = None
    health_outcome: str | None = None
    health_message: str = ""
    health_checked_at: datetime | None = None
    health_latency_ms: int | None = None
    health_details: dict[str, Any] = Field(default_factory=dict, sa_column=_json_column("{}"))
    usage_count: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    last_used_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    version: int = 1


class AgentKeyRow(SQLModel, table=True):
    """A token KeyPortal issued. Only its digest is here."""

    __tablename__ = "agent_keys"
    __table_args__ = (
        Index("uq_agent_keys_owner_name", "user_id", "name_key", unique=True,
              sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_agent_keys_created", "user_id", "created_at", "id"),
    )  # fmt: skip

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    user_id: str = Field(sa_column=_owner_column(nullable=False))
    public_id: str = Field(unique=True, max_length=12)
    digest: str = Field(max_length=64)
    name: str
    name_key: str
    mask: str
    scopes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    deleted_at: datetime | None = None
    version: int = 1


class AuditEventRow(SQLModel, table=True):
    """One line of the trail. `chain` is the HMAC over this line and the one before."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_object", "object_id", "id"),)

    id: int | None = Field(default=None, sa_column=Column(_SERIAL, primary_key=True))
    uid: str = Field(default_factory=new_id, unique=True, max_length=36)
    at: datetime = Field(index=True)
    principal_kind: str
    principal_id: str
    principal_label: str
    action: str
    result: str
    object_id: str = ""
    object_label: str = ""
    address: str = ""
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    key_id: str
    chain: str = Field(max_length=64)


class ProviderRow(SQLModel, table=True):
    """What admins decided about a provider of the catalogue, or a whole provider they added."""

    __tablename__ = "providers"

    id: str = Field(primary_key=True, max_length=40)
    is_custom: bool = False
    enabled: bool = True
    base_url: str = ""
    name: str = ""
    auth_style: str = ""
    environment_names: list[str] = Field(default_factory=list, sa_column=_json_column("[]"))
    created_at: datetime
    updated_at: datetime
    version: int = 1


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
    """An encryption key this database was written with: a canary it must open, and its seals."""

    __tablename__ = "encryption_keys"

    key_id: str = Field(primary_key=True, max_length=8)
    canary: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    seals: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    created_at: datetime


class AttemptRow(SQLModel, table=True):
    """How often a guess was made against one account or from one address in a window."""

    __tablename__ = "attempts"

    key: str = Field(primary_key=True, max_length=300)
    count: int
    window_ends_at: datetime
