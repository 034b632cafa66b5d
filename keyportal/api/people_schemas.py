"""The JSON of the routes for people, one's own account, and the trail."""

from pydantic import Field, SecretStr

from keyportal.api.moments import Moment
from keyportal.api.schema_base import In, Out


class UserInvite(In):
    email: str
    role: str = Field("member", description="member or admin.")
    name: str = Field("", description="Without one, the part of the email before the @.")
    days: int = Field(3, ge=1, le=14, description="How long the invitation holds.")


class UserChange(In):
    """What is absent stays as it is."""

    name: str | None = None
    role: str | None = Field(None, description="member or admin. Another role signs the person out.")
    active: bool | None = Field(None, description="false shuts the person out at once; their keys stay.")
    version: int | None = Field(
        None, description="The version you saw; 412 if it is no longer the present one."
    )


class UserOut(Out):
    id: str
    email: str
    name: str
    role: str
    status: str
    sessions_open: int
    keys_owned: int
    agent_keys_owned: int
    link_expires_at: Moment | None
    last_sign_in_at: Moment | None
    created_at: Moment
    removed_at: Moment | None
    version: int


class LinkOut(Out):
    kind: str = Field(description="invitation or reset.")
    url: str = Field(description="Hand it to the person. It is in this one answer and never again.")
    expires_at: Moment


class InvitedOut(Out):
    user: UserOut
    link: LinkOut


class RemovedOut(Out):
    wiped: int
    handed_over: int
    agent_keys: int


class SessionOut(Out):
    id: str
    browser: str
    address: str
    created_at: Moment
    last_seen_at: Moment
    expires_at: Moment
    is_this: bool


class Sessions(Out):
    items: list[SessionOut]


class EndedOut(Out):
    ended: int


class PersonsKeyOut(Out):
    id: str
    name: str
    provider: str
    mask: str
    status: str
    last_used_at: Moment | None
    created_at: Moment


class PersonsKeys(Out):
    items: list[PersonsKeyOut]


class AccountOut(Out):
    id: str
    email: str
    name: str
    role: str
    created_at: Moment


class AccountChange(In):
    name: str


class EventOut(Out):
    id: str
    number: int
    at: Moment
    who: str
    who_kind: str
    user_id: str
    action: str
    result: str
    object_id: str
    object_label: str
    address: str
    details: dict[str, str]
    key_id: str
    chain: str


class VerificationOut(Out):
    at: Moment
    by: str
    events: int
    last: int = Field(description="The number of the last event that fits.")
    broken_at: int | None = Field(description="The number of the first event that does not fit.")


class Verified(Out):
    verification: VerificationOut | None


class PasswordForm(In):
    current_password: SecretStr
    password: SecretStr


class LinkForm(In):
    """What the pages behind one-time links send. `name` belongs to an invitation."""

    token: SecretStr
    password: SecretStr


class JoinForm(LinkForm):
    name: str = ""
