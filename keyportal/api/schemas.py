"""The JSON of the REST routes. Unknown names are refused, types are not converted, secrets only come in."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from pydantic import Field, SecretStr

from keyportal.api.import_schemas import ImportIn
from keyportal.api.link_schemas import LinkCreate
from keyportal.api.moments import Moment, MomentIn
from keyportal.api.people_schemas import (
    AccountChange,
    JoinForm,
    LinkForm,
    PasswordForm,
    UserChange,
    UserInvite,
)
from keyportal.api.policy_schemas import PoliciesChange
from keyportal.api.provider_schemas import ProviderChange, ProviderCreate
from keyportal.api.report_schemas import ReportIn
from keyportal.api.rotation_schemas import RotationFinish, RotationStart
from keyportal.api.schema_base import In as _In
from keyportal.api.schema_base import Out as _Out
from keyportal.domain.agent_keys import DEFAULT_OVERLAP, OVERLAPS
from keyportal.domain.principals import Scope

T = TypeVar("T")

MODEL = r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}$"


class ErrorDetail(_Out):
    code: str = Field(description="Stable and machine-readable.")
    message: str = Field(description="One or two sentences a person can act on.")
    field: str | None = Field(None, description="The input at fault. Absent unless it is one known field.")


class ErrorAnswer(_Out):
    error: ErrorDetail


class Page(_Out, Generic[T]):
    items: list[T]
    total: int
    page: int
    pages: int


class CredentialCreate(_In):
    provider: str | None = Field(
        None,
        description="A provider id of GET /api/providers; case does not matter. Absent or null makes a"
        " General key: a name and a value, used once it is linked.",
    )
    name: str
    api_key: SecretStr = Field(description="The value. It goes in and never comes out of this route.")
    fields: dict[str, str] = Field(default_factory=dict, max_length=20)
    note: str = ""
    environment: str = Field("", description="A label such as prod.")
    expires_at: MomentIn = Field(None, description="From then on the key is passed over.")
    remind_at: MomentIn = Field(None, description="When to remind its owner to rotate it.")
    active: bool = True
    failover: bool = Field(
        False,
        description="Consent that the next key is used, and its account billed, while this one is refused or"
        " without quota: another of the same owner's, else a system key, else a variable of the server.",
    )


class CredentialChange(_In):
    """What is absent stays as it is."""

    name: str | None = None
    api_key: SecretStr | None = Field(None, description="Blank or absent keeps the value.")
    fields: dict[str, str] | None = Field(None, max_length=20)
    note: str | None = None
    environment: str | None = None
    expires_at: MomentIn = Field(None, description="null means: never.")
    remind_at: MomentIn = Field(None, description="null means: no reminder.")
    active: bool | None = None
    failover: bool | None = None
    position: int | None = Field(
        None, ge=0, description="Its place among its provider's keys, from 0; beyond the end is last."
    )
    version: int | None = Field(
        None, description="The version you saw; 412 if it is no longer the present one."
    )


class CheckUnsaved(_In):
    """A key to test before it is saved. Nothing of it is stored."""

    provider: str = Field(description="A provider id of GET /api/providers; case does not matter.")
    api_key: SecretStr
    fields: dict[str, str] = Field(default_factory=dict, max_length=20)
    with_model: bool = Field(False, description="Also ask whether the key may use a model.")
    model: str = Field("", description="The model to ask about; without one it is chosen.")


class HealthOut(_Out):
    outcome: str | None
    message: str
    checked_at: Moment | None
    latency_ms: int | None


class CredentialOut(_Out):
    id: str
    provider: str = Field(description="Empty for a General key.")
    name: str
    mask: str
    active: bool
    status: str
    position: int
    fields: Mapping[str, str]
    secret_fields: list[str] = Field(description="Names of the fields sealed with the value, never shown.")
    note: str
    environment: str
    expires_at: Moment | None
    remind_at: Moment | None
    failover: bool
    health: HealthOut
    health_source: str = Field(description="Who says so: `test`, or `report` of a program that used it.")
    failing_until: Moment | None = Field(
        description="Reported to fail: until then another key is used in its place. Where no other can be"
        " used, or the policies do not allow it, this one is used all the same."
    )
    usage_count: int
    last_used_at: Moment | None
    created_at: Moment
    updated_at: Moment
    version: int


class ModelsOut(_Out):
    count: int
    has_more: bool = Field(description="The provider lists more than were read: count is a lower bound.")
    items: list[str]


class CheckOut(_Out):
    outcome: str
    message: str
    code: str | None
    http_status: int | None
    latency_ms: int
    models: ModelsOut
    balance: str | None
    model: str | None = Field(description="The model that was asked about, if one was.")
    model_outcome: str | None
    checked_at: Moment


class AgentKeyCreate(_In):
    name: str
    scopes: list[str] = Field(default_factory=lambda: [str(Scope.RESOLVE)], max_length=10)
    expires_in_days: int | None = Field(
        None, ge=1, le=3650, description="By default as the policy says, and never longer than it allows."
    )


class AgentKeyChange(_In):
    """Scopes and expiry never change: make a new agent key instead."""

    name: str
    version: int | None = None


class AgentKeyRotation(_In):
    overlap_days: int = Field(
        DEFAULT_OVERLAP, description=f"How long the old value stays good: {', '.join(map(str, OVERLAPS))}."
    )
    version: int | None = None


class AgentKeyOut(_Out):
    id: str
    name: str
    mask: str
    scopes: list[str]
    status: str
    created_by: str
    created_at: Moment
    last_used_at: Moment | None
    expires_at: Moment
    version: int


class IssuedAgentKeyOut(AgentKeyOut):
    api_key: str = Field(description="The value, shown in this one answer and never again.")


class ResolveIn(_In):
    provider: str
    model: str | None = Field(None, pattern=MODEL)
    user: str | None = Field(
        None, description="The email of the person to act for; needs the scope resolve:any."
    )


class ResolvedOut(_Out):
    id: str
    name: str
    mask: str


class ResolutionOut(_Out):
    provider: str
    source: str
    credential: ResolvedOut | None
    failed_over_from: ResolvedOut | None = Field(
        description="The key that would have been used, had it not stepped back while it fails."
    )
    api_key: str
    fields: Mapping[str, str]
    base_url: str = Field(description="Empty where the provider's address is not known here.")
    resolution_id: str


class ProviderFieldOut(_Out):
    name: str
    label: str
    help: str
    required: bool
    default: str
    secret: bool = Field(description="Sealed with the key, and like the key never shown again.")
    choices: list[tuple[str, str]] = Field(description="Pairs of an allowed value and its label.")


class ProviderOut(_Out):
    id: str
    name: str
    kind: str
    base_url: str
    console_url: str
    how_to: str
    environment_names: list[str]
    is_custom: bool
    fields: list[ProviderFieldOut]


class Providers(_Out):
    items: list[ProviderOut]


class StatusOut(_Out):
    status: str


class SignInForm(_In):
    email: str
    password: SecretStr
    next: str = Field("", description="A page of the portal to go to; other addresses are ignored.")


class SetUpForm(_In):
    code: SecretStr
    email: str
    name: str = ""
    password: SecretStr


_REQUESTS: tuple[Any, ...] = (
    CredentialCreate,
    CredentialChange,
    CheckUnsaved,
    RotationStart,
    RotationFinish,
    LinkCreate,
    AgentKeyCreate,
    AgentKeyChange,
    AgentKeyRotation,
    ImportIn,
    PoliciesChange,
    ProviderCreate,
    ProviderChange,
    ReportIn,
    ResolveIn,
    SignInForm,
    SetUpForm,
    UserInvite,
    UserChange,
    AccountChange,
    PasswordForm,
    LinkForm,
    JoinForm,
)
_QUERY = frozenset({"q", "provider", "status", "health", "environment", "sort", "page", "size"}) | frozenset(
    {"with_model", "model", "format"}
)
_PEOPLE = frozenset(
    {"role", "sort", "keys", "version", "person", "action", "result", "within", "from", "to", "object"}
)
_USAGE = frozenset({"days", "by", "key", "agent_key", "source"})
# The names an error may give as `field`; anything else would be the caller's own text.
KNOWN_FIELDS = _QUERY.union(_PEOPLE, _USAGE, *(model.model_fields for model in _REQUESTS))
