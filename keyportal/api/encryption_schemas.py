"""The JSON of the encryption keys. Their ids are public; nothing else of them is here."""

from pydantic import Field

from keyportal.api.moments import Moment
from keyportal.api.schema_base import Out


class EncryptionKeyOut(Out):
    id: str
    state: str = Field(description="current, previous, removable, retired, missing or abandoned.")
    values: int = Field(description="How many values need it.")
    seals: int = Field(description="How many values it ever sealed, of 2^31 it may.")
    created_at: Moment | None
    retired_at: Moment | None
    abandoned_at: Moment | None


class RotationMarkOut(Out):
    by: str
    key_id: str
    started_at: Moment
    resealed: int
    damaged: int
    finished_at: Moment | None
    is_running: bool


class ServerOut(Out):
    kind: str = Field(description="portal, or api for the API alone.")
    host: str
    pid: int
    holds_current: bool
    started_at: Moment
    seen_at: Moment


class EncryptionOut(Out):
    situation: str = Field(
        description="What there is to do: running, missing, lagging, interrupted, remaining, unfinished,"
        " removable or settled."
    )
    current_id: str
    keys: list[EncryptionKeyOut]
    total: int
    remaining: int = Field(description="Values that still need a former key.")
    unreadable: int
    waiting: int = Field(description="API keys without a value, to be entered again.")
    rotation: RotationMarkOut | None = Field(description="The last one, running or not.")
    servers: list[ServerOut]
    waits_for_restart: bool = Field(description="A running server still seals with a former key.")
    backup_at: Moment | None


class RotationOut(Out):
    resealed: int
    damaged: int
    remaining: int = Field(description="Saved with a former key meanwhile: rotate again.")
    retired_ids: list[str]
