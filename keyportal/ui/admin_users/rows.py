"""What the browser gets of people: their rows, and all that one person's details show."""

from dataclasses import dataclass, field
from datetime import datetime

from keyportal.services.peoples_keys import PersonsKeyView
from keyportal.services.user_views import UserView
from keyportal.ui.shared.lines import ActivityLine, AgentKeyLine, SessionLine


@dataclass(frozen=True)
class PersonRow:
    """`link_act` is the word for making a link, empty where none can be made."""

    id: str = ""
    name: str = ""
    email: str = ""
    initials: str = ""
    role: str = "member"
    status: str = ""
    sessions_open: int = 0
    keys_owned: int = 0
    agent_keys_owned: int = 0
    last_sign_in_at: str = ""
    created_at: str = ""
    removed_at: str = ""
    link_expires_at: str = ""
    link_act: str = ""
    version: int = 1
    is_you: bool = False
    is_last_admin: bool = False
    is_present: bool = True
    can_deactivate: bool = False
    can_reactivate: bool = False
    can_remove: bool = False


@dataclass(frozen=True)
class KeyLine:
    id: str
    name: str
    provider: str
    initials: str
    mask: str
    status: str
    last_used_at: str


@dataclass(frozen=True)
class PersonDetail:
    """`activity_has_more` where the audit page shows more than the newest lines here."""

    person: PersonRow = field(default_factory=PersonRow)
    sessions: list[SessionLine] = field(default_factory=list)
    api_keys: list[KeyLine] = field(default_factory=list)
    agent_keys: list[AgentKeyLine] = field(default_factory=list)
    activity: list[ActivityLine] = field(default_factory=list)
    activity_has_more: bool = False


def person_row(view: UserView) -> PersonRow:
    return PersonRow(
        id=view.id,
        name=view.name,
        email=view.email,
        initials=_initials(view.name),
        role=view.role,
        status=view.status,
        sessions_open=view.sessions_open,
        keys_owned=view.keys_owned,
        agent_keys_owned=view.agent_keys_owned,
        last_sign_in_at=_text(view.last_sign_in_at),
        created_at=_text(view.created_at),
        removed_at=_text(view.removed_at),
        link_expires_at=_text(view.link_expires_at),
        link_act=_link_act(view),
        version=view.version,
        is_you=view.is_you,
        is_last_admin=view.is_last_admin,
        is_present=view.removed_at is None,
        can_deactivate=view.can_deactivate,
        can_reactivate=view.can_reactivate,
        can_remove=view.can_remove,
    )


def key_line(view: PersonsKeyView) -> KeyLine:
    last_used_at = _text(view.last_used_at)
    return KeyLine(
        view.id, view.name, view.provider_name, view.initials, view.mask, view.status, last_used_at
    )


def owned_in_words(row: PersonRow) -> str:
    """Say what a person owns, such as "2 API keys and 1 agent key"."""
    keys = _counted(row.keys_owned, "API key")
    agent_keys = _counted(row.agent_keys_owned, "agent key")
    return " and ".join(part for part in (keys, agent_keys) if part) or "no keys"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}" if count else ""


def _link_act(view: UserView) -> str:
    if not view.can_link:
        return ""
    return "New invitation link" if view.status == "invited" else "Reset password by link"


def _initials(name: str) -> str:
    words = name.split()
    return ((words[0][:1] + words[-1][:1]) if len(words) > 1 else name[:2]).upper()


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
