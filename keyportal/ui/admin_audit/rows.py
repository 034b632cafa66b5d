"""What the browser gets of the trail: rows, one event in full, and how the last verification went."""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from keyportal.domain.audit import Action
from keyportal.services.audit_search import EventDetail, EventView, Target
from keyportal.services.audit_verification import VerificationView
from keyportal.ui import routes
from keyportal.ui.shared.lines import words_of
from keyportal.ui.theme import DETAIL_WORDS, STRANGERS

_OPERATOR, _ANONYMOUS = "operator", "anonymous"


@dataclass(frozen=True)
class EventRow:
    """`id` is the event's number in the trail; `name` is what the row is called."""

    id: str = ""
    name: str = ""
    at: str = ""
    who: str = ""
    who_kind: str = ""
    action: str = ""
    words: str = ""
    what: str = ""
    result: str = ""
    address: str = ""


@dataclass(frozen=True)
class Fact:
    label: str
    value: str
    is_mono: bool = False


@dataclass(frozen=True)
class EventShown:
    """One event with all its fields, and where its object is to be found today."""

    row: EventRow = field(default_factory=EventRow)
    facts: list[Fact] = field(default_factory=list)
    details: list[Fact] = field(default_factory=list)
    chain: str = ""
    link: str = ""
    link_word: str = ""


@dataclass(frozen=True)
class Choice:
    id: str
    name: str


@dataclass(frozen=True)
class Verification:
    """`is_known` is False before anybody ever looked."""

    is_known: bool = False
    at: str = ""
    by: str = ""
    events: str = ""
    last: str = ""
    broken_at: str = ""


def event_row(view: EventView) -> EventRow:
    words = words_of(view)
    return EventRow(
        id=str(view.number),
        name=f"{words}, event {view.number:,}",
        at=view.at.isoformat(),
        who=STRANGERS.get(view.who_kind, view.who),
        who_kind=view.who_kind,
        action=view.action,
        words=words,
        what=view.object_label or _readable(dict(view.details).get("route", "")),
        result=view.result,
        address=view.address,
    )


def event_shown(found: EventDetail) -> EventShown:
    event = found.event
    facts = [
        Fact("Number", f"{event.number:,}"),
        Fact("Action", event.action, is_mono=True),
        Fact("Object", event.object_label),
        Fact("Object id", event.object_id, is_mono=True),
        Fact("Address", event.address, is_mono=True),
        Fact("Person's id", event.user_id, is_mono=True),
        Fact("Event id", event.id, is_mono=True),
        Fact("Encryption key", event.key_id, is_mono=True),
    ]
    details = [
        Fact(DETAIL_WORDS.get(name, name), _detail(event, name, value)) for name, value in event.details
    ]
    link, word = _link(found.target)
    return EventShown(event_row(event), [f for f in facts if f.value], details, event.chain[:16], link, word)


def verification(view: VerificationView | None) -> Verification:
    if view is None:
        return Verification()
    broken_at = f"{view.broken_at:,}" if view.broken_at is not None else ""
    return Verification(True, _written(view.at), view.by, f"{view.events:,}", f"{view.last:,}", broken_at)


def _detail(event: EventView, name: str, value: str) -> str:
    is_times = name == "count" and event.action == Action.CREDENTIAL_RESOLVE
    return f"{int(value):,} times" if is_times and value.isdigit() else _readable(value)


def _readable(value: str) -> str:
    """Return a moment as people write it, an event of a page by its own name, and all else as it is."""
    if value.startswith("reflex___"):
        state, _, handler = value.rpartition(".")
        return f"{state.rpartition('____')[2]}.{handler}"
    try:
        moment = datetime.fromisoformat(value) if "T" in value else None
    except ValueError:
        moment = None
    return _written(moment) if moment else value


def _written(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def people_choices(people: list[tuple[str, str]]) -> list[Choice]:
    others = [Choice(_OPERATOR, "The operator (command line)"), Choice(_ANONYMOUS, "Strangers")]
    return [*others, *(Choice(user_id, name) for user_id, name in people)]


def _link(target: Target | None) -> tuple[str, str]:
    match target:
        case Target("person", user_id):
            return f"{routes.USERS}?{urlencode({'open': user_id})}", "Open the person"
        case Target("system_key", key_id):
            return f"{routes.SYSTEM_KEYS}?{urlencode({'open': key_id})}", "Open the system key"
        case Target("provider", provider_id):
            return f"{routes.PROVIDERS}?{urlencode({'q': provider_id})}", "Open the provider"
        case _:
            return "", ""
