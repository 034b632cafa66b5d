"""What the browser gets of the trail: rows, one event in full, and how the last verification went."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

from keyportal.domain.audit import Action
from keyportal.services.audit_search import EventDetail, EventView, Target
from keyportal.services.audit_verification import VerificationView
from keyportal.ui import routes
from keyportal.ui.shared.lines import words_of
from keyportal.ui.shared.policies import changed_in_words, changes_in_words
from keyportal.ui.theme import DETAIL_WORDS, HEALTH, REPORT, ROLE, STRANGERS, USAGE_SOURCES

_OPERATOR, _ANONYMOUS = "operator", "anonymous"
_LINES = 6
# Details that are the id of something the trail tells more about.
_LED_TO = ("resolution_id", "failed_over_from")


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
    """`link` leads to what the value names. A moment is in `at`, for the reader's own clock."""

    label: str
    value: str
    is_mono: bool = False
    link: str = ""
    at: str = ""


@dataclass(frozen=True)
class EventShown:
    """One event with all its fields, and where its object is to be found today.

    `resolutions` are the ids of the uses it stands for, one a line, `lines` of which are seen at once, and
    `others` says how they go on.
    """

    row: EventRow = field(default_factory=EventRow)
    facts: list[Fact] = field(default_factory=list)
    details: list[Fact] = field(default_factory=list)
    chain: str = ""
    link: str = ""
    link_word: str = ""
    uses: str = ""
    resolutions: str = ""
    lines: str = ""
    others: str = ""


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
    link, word = _link(found.target)
    return EventShown(
        row=event_row(event),
        facts=[f for f in facts if f.value],
        details=[_detail(event, name, value) for name, value in event.details],
        chain=event.chain[:16],
        link=link,
        link_word=word,
        uses=f"{found.uses:,}",
        resolutions="\n".join(found.resolutions),
        lines=str(min(len(found.resolutions), _LINES)),
        others=_others(found),
    )


def verification(view: VerificationView | None) -> Verification:
    if view is None:
        return Verification()
    broken_at = f"{view.broken_at:,}" if view.broken_at is not None else ""
    return Verification(True, view.at.isoformat(), view.by, f"{view.events:,}", f"{view.last:,}", broken_at)


def _detail(event: EventView, name: str, value: str) -> Fact:
    label, at = DETAIL_WORDS.get(name, name), _moment_in(value)
    if at:
        return Fact(label, "", at=at)
    link = f"{routes.AUDIT}?{urlencode({'q': value})}" if name in _LED_TO else ""
    return Fact(label, _in_words(event, name, value), bool(link) or name == "mask", link)


def _in_words(event: EventView, name: str, value: str) -> str:
    """Return what a detail says, in the words the other pages have for it."""
    match name:
        case "count" if event.action == Action.CREDENTIAL_RESOLVE and value.isdigit():
            return f"{int(value):,} times"
        case "outcome":
            return REPORT.get(value) or (HEALTH[value].word if value in HEALTH else value)
        case "source" | "ownership":
            return USAGE_SOURCES.get(value, value)
        case "role":
            return ROLE[value].word if value in ROLE else value
        case "changed" if event.action == Action.POLICY_UPDATE:
            return changed_in_words(value)
        case "to" if event.action == Action.POLICY_UPDATE:
            return changes_in_words(value)
        case "reason" | "changed":
            return value.replace("_", " ").capitalize()
        case _:
            return _readable(value)


def _others(found: EventDetail) -> str:
    """Say how the ids go on that are not listed."""
    more = found.uses - len(found.resolutions)
    if not found.resolutions or not more:
        return ""
    last = f"…-{found.uses - 1}"
    return f"One more follows: {last}" if more == 1 else f"{more:,} more follow in the same way, up to {last}"


def _readable(value: str) -> str:
    """Return an event of a page by its own name, and all else as it is."""
    if value.startswith("reflex___"):
        state, _, handler = value.rpartition(".")
        return f"{state.rpartition('____')[2]}.{handler}"
    return value


def _moment_in(value: str) -> str:
    """Return the moment a detail is, with its zone, or nothing where it is none."""
    try:
        moment = datetime.fromisoformat(value) if "T" in value else None
    except ValueError:
        return ""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat() if moment else ""


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
