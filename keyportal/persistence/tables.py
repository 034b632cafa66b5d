"""The tables. A row never leaves services; the screen and the API get views."""

# SQLModel declares __tablename__ as something else than the text it takes.
# pyright: reportAssignmentType=false

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, LargeBinary, UniqueConstraint, false
from sqlalchemy.orm import column_property
from sqlmodel import Field, SQLModel

from keyportal.persistence.columns import (
    LOST,
    SERIAL,
    failing_index,
    json_column,
    live_index,
    owner_column,
    present_index,
)
from keyportal.persistence.columns import new_id as new_id
from keyportal.persistence.deployment_tables import AttemptRow as AttemptRow
from keyportal.persistence.deployment_tables import CheckSlotRow as CheckSlotRow
from keyportal.persistence.deployment_tables import EncryptionKeyRow as EncryptionKeyRow
from keyportal.persistence.deployment_tables import ProcessRow as ProcessRow
from keyportal.persistence.deployment_tables import SettingRow as SettingRow
from keyportal.persistence.usage_tables import ChangeRow as ChangeRow
from keyportal.persistence.usage_tables import UsageDayRow as UsageDayRow
from keyportal.persistence.usage_tables import UsageReportRow as UsageReportRow


class UserRow(SQLModel, table=True):
    """A person. Until they follow their invitation they have no password digest and are not active."""

    __tablename__ = "users"
    __table_args__ = (
        present_index("ix_users_name", "name_key", "id"),
        present_index("ix_users_created", "created_at", "id"),
        present_index("ix_users_signed_in", "last_sign_in_at", "id"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    email: str
    email_key: str = Field(unique=True)
    name: str
    # The name as it is sorted and searched by.
    name_key: str = Field(default="", sa_column_kwargs={"server_default": ""})
    role: str
    password_digest: str
    active: bool = True
    created_at: datetime
    last_sign_in_at: datetime | None = None
    # Set once: what the person owned is wiped or handed over, and the row stays for the trail.
    removed_at: datetime | None = None
    version: int = 1


class SessionRow(SQLModel, table=True):
    """A signed-in browser. Only the digest of its token is here."""

    __tablename__ = "sessions"
    __table_args__ = (Index("uq_sessions_id", "id", unique=True),)

    digest: str = Field(primary_key=True, max_length=64)
    # A public name for it: the digest is what the cookie is looked up by and stays here.
    id: str = Field(default_factory=new_id, max_length=36)
    user_id: str = Field(sa_column=owner_column(nullable=False))
    address: str
    browser: str = Field(default="", sa_column_kwargs={"server_default": ""})
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


class OneTimeLinkRow(SQLModel, table=True):
    """An invitation or a password reset, good for one use. Only the digest of its token is here."""

    __tablename__ = "one_time_links"

    digest: str = Field(primary_key=True, max_length=64)
    kind: str
    user_id: str = Field(sa_column=owner_column(nullable=False))
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class CredentialRow(SQLModel, table=True):
    """A stored provider key. `owner_key` is the owner's id or `system`: NULL would not be unique.

    A General key has no provider (an empty text) and no address; links say what it is used for.
    A live row without `sealed` was handed over and waits for its value to be entered again.
    """

    __tablename__ = "credentials"
    __table_args__ = (
        live_index("uq_credentials_owner_name", "owner_key", "name_key", unique=True),
        live_index("ix_credentials_chain", "owner_key", "provider", "position", "created_at", "id"),
        live_index("ix_credentials_environment", "owner_key", "environment"),
        # One new value at a time waits for a key's place.
        live_index("uq_credentials_replaces", "replaces_id", unique=True),
        live_index("ix_credentials_replaced_by", "replaced_by_id"),
        live_index("ix_credentials_created", "owner_key", "created_at", "id"),
        live_index("ix_credentials_used", "owner_key", "last_used_at", "id"),
        live_index("ix_credentials_health", "owner_key", "health_outcome", "id"),
        live_index("ix_credentials_expiry", "owner_key", "expires_at", "id"),
        live_index("ix_credentials_reminder", "owner_key", "remind_at"),
        failing_index("ix_credentials_failing", "owner_key", "failing_until"),
        Index("ix_credentials_lost", "owner_key", "id", sqlite_where=LOST, postgresql_where=LOST),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    ownership: str
    owner_id: str | None = Field(default=None, sa_column=owner_column(nullable=True))
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
    secret_fields: list[str] = Field(default_factory=list, sa_column=json_column("[]"))
    note: str = ""
    environment: str = ""
    active: bool = True
    position: int = 0
    expires_at: datetime | None = None
    remind_at: datetime | None = None
    # The owner's consent that the next key is used while this one is refused or without quota.
    failover: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    # The key whose place this one is to take, until it does.
    replaces_id: str | None = Field(default=None, max_length=36)
    # The key that took this one's place; this one expires after its grace period.
    replaced_by_id: str | None = Field(default=None, max_length=36)
    health_outcome: str | None = None
    health_message: str = ""
    health_checked_at: datetime | None = None
    health_latency_ms: int | None = None
    health_details: dict[str, Any] = Field(default_factory=dict, sa_column=json_column("{}"))
    # Who says so: a test of ours, or a program that used the key.
    health_source: str = Field(default="test", max_length=10, sa_column_kwargs={"server_default": "test"})
    # Until then a reported failure lets the next key take its turn, if the owner agreed.
    failing_until: datetime | None = None
    usage_count: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    last_used_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    version: int = 1


# Read with lists, which leave the ciphertext itself where it is.
_sealed = SQLModel.metadata.tables["credentials"].c.sealed
CredentialRow.is_sealed = column_property(_sealed.is_not(None))  # pyright: ignore


class CredentialLinkRow(SQLModel, table=True):
    """A credential assigned to a provider, or to those of its models that match a pattern."""

    __tablename__ = "credential_links"
    __table_args__ = (
        UniqueConstraint("credential_id", "provider", "model_pattern", name="uq_credential_links"),
        Index("ix_credential_links_provider", "owner_key", "provider"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    credential_id: str = Field(sa_column=Column(ForeignKey("credentials.id"), nullable=False))
    owner_key: str
    provider: str
    # Such as `gpt-4o*`; an empty one stands for every model.
    model_pattern: str = ""
    # Where the provider was when the link was made: a key without an address of its own goes nowhere else.
    base_url: str = Field(default="", sa_column_kwargs={"server_default": ""})
    created_at: datetime


class AgentKeyRow(SQLModel, table=True):
    """A token KeyPortal issued. Only its digest is here."""

    __tablename__ = "agent_keys"
    __table_args__ = (
        live_index("uq_agent_keys_owner_name", "user_id", "name_key", unique=True),
        live_index("ix_agent_keys_created", "user_id", "created_at", "id"),
        live_index("ix_agent_keys_used", "user_id", "last_used_at", "id"),
        live_index("ix_agent_keys_expiry", "user_id", "expires_at", "id"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    user_id: str = Field(sa_column=owner_column(nullable=False))
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
    __table_args__ = (
        Index("ix_audit_events_object", "object_id", "id"),
        Index("ix_audit_events_person", "user_id", "id"),
        Index("ix_audit_events_action", "action", "id"),
        Index("ix_audit_events_result", "result", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(SERIAL, primary_key=True))
    uid: str = Field(default_factory=new_id, unique=True, max_length=36)
    at: datetime = Field(index=True)
    principal_kind: str
    principal_id: str
    principal_label: str
    # The person behind it: who acted, or whose agent key did.
    user_id: str = Field(default="", max_length=36, sa_column_kwargs={"server_default": ""})
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
    environment_names: list[str] = Field(default_factory=list, sa_column=json_column("[]"))
    created_at: datetime
    updated_at: datetime
    version: int = 1
