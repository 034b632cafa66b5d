"""Sessions, agent keys and events as lines of text, for the pages of one person."""

from dataclasses import dataclass

from keyportal.domain.audit import Action
from keyportal.services.agent_keys import AgentKeyView
from keyportal.services.audit_search import EventView
from keyportal.services.sessions import SessionView
from keyportal.ui.theme import ACTION_WORDS, REPORT, STRANGERS


@dataclass(frozen=True)
class SessionLine:
    id: str
    browser: str
    address: str
    created_at: str
    last_seen_at: str
    is_this: bool


@dataclass(frozen=True)
class AgentKeyLine:
    id: str
    name: str
    mask: str
    status: str
    last_used_at: str
    can_revoke: bool


@dataclass(frozen=True)
class ActivityLine:
    id: str
    words: str
    what: str
    by: str
    result: str
    at: str


def session_line(view: SessionView) -> SessionLine:
    return SessionLine(
        view.id,
        view.browser,
        view.address,
        view.created_at.isoformat(),
        view.last_seen_at.isoformat(),
        view.is_this,
    )


def agent_key_line(view: AgentKeyView) -> AgentKeyLine:
    last_used_at = view.last_used_at.isoformat() if view.last_used_at else ""
    return AgentKeyLine(view.id, view.name, view.mask, view.status, last_used_at, view.can_revoke)


def words_of(view: EventView) -> str:
    """Return what an event says somebody did; of uses how often, of a report what it says."""
    return ": ".join(_said(view))


def _said(view: EventView) -> list[str]:
    """Return what somebody did, and of a report also what it says."""
    words, details = ACTION_WORDS.get(view.action, view.action), dict(view.details)
    if view.action == Action.CREDENTIAL_RESOLVE and details.get("count", "").isdigit():
        return [f"{words} {int(details['count']):,} times"]
    if view.action == Action.CREDENTIAL_REPORT and details.get("outcome") in REPORT:
        return [words, REPORT[details["outcome"]].lower()]
    return [words]


def activity_line(view: EventView, person_id: str, *, is_you: bool = False) -> ActivityLine:
    """Return an event for the page of one person, whose own name needs no repeating there."""
    what = "" if view.object_id == person_id else view.object_label
    is_own = is_you and view.who_kind == "user" and view.user_id == person_id
    by = "You" if is_own else STRANGERS.get(view.who_kind, view.who)
    words, *outcome = _said(view)
    if outcome:
        # The name comes before what was said of it.
        words, what = f"{words} {what}".rstrip(), outcome[0]
    return ActivityLine(view.id, words, what, by, view.result, view.at.isoformat())
