"""What the browser holds of agent keys: display values only, and what a new one is made from."""

from dataclasses import dataclass
from datetime import datetime

from keyportal.domain.principals import Scope
from keyportal.services.agent_keys import AgentKeyView, Lifetimes
from keyportal.ui.shared.snippets import resolve_curl

NEW_VALUE_ID = "new-agent-key-value"
ENVIRONMENT_ID = "agent-key-environment"
SCOPE_FIELDS = {scope: f"scope-{scope.replace(':', '-')}" for scope in Scope}
# Chosen instead of a number of days: the day is picked.
ON_A_DAY = "day"
_PRESETS = (7, 30, 60, 90, 180, 365)

_CURL_LIST = """curl -s {url}/api/api-keys \\
  -H "Authorization: Bearer $KEYPORTAL_AGENT_KEY"
"""
_PYTHON = """import os
import httpx

agent_key = os.environ["KEYPORTAL_AGENT_KEY"]
answer = httpx.post(
    "{url}/api/resolve/openai",
    headers={{"Authorization": f"Bearer {{agent_key}}"}},
)
api_key = answer.raise_for_status().json()["api_key"]
"""
_PYTHON_LIST = """import os
import httpx

agent_key = os.environ["KEYPORTAL_AGENT_KEY"]
answer = httpx.get(
    "{url}/api/api-keys",
    headers={{"Authorization": f"Bearer {{agent_key}}"}},
)
names = [key["name"] for key in answer.raise_for_status().json()["items"]]
"""


@dataclass(frozen=True)
class AgentKeyItem:
    id: str
    name: str
    mask: str
    scopes: str
    status: str
    created_by: str
    created_at: str
    last_used_at: str
    expires_at: str
    version: int
    can_revoke: bool
    expires_soon: bool


@dataclass(frozen=True)
class LifetimeChoice:
    value: str
    label: str


@dataclass(frozen=True)
class Snippets:
    """How a program begins. The value is not in them: it comes from a variable."""

    curl: str = ""
    python: str = ""


def item_of(view: AgentKeyView) -> AgentKeyItem:
    return AgentKeyItem(
        id=view.id,
        name=view.name,
        mask=view.mask,
        scopes=", ".join(view.scopes),
        status=view.status,
        created_by=view.created_by,
        created_at=_iso(view.created_at),
        last_used_at=_iso(view.last_used_at),
        expires_at=_iso(view.expires_at),
        version=view.version,
        can_revoke=view.can_revoke,
        expires_soon=view.expires_soon,
    )


def choices_of(lifetimes: Lifetimes) -> list[LifetimeChoice]:
    """Return the lifetimes offered: the usual ones the policy allows, its own, and a day to pick."""
    days = {d for d in _PRESETS if d <= lifetimes.longest_days}
    days |= {lifetimes.usual_days, lifetimes.longest_days}
    words = [LifetimeChoice(str(d), _days_in_words(d)) for d in sorted(days)]
    return [*words, LifetimeChoice(ON_A_DAY, "Until a day you choose")]


def snippets_for(url: str, scopes: tuple[str, ...]) -> Snippets:
    """Return the first request a key with these scopes can make."""
    resolves = any(scope in scopes for scope in (Scope.RESOLVE, Scope.RESOLVE_ANY))
    curl = resolve_curl(url) if resolves else _CURL_LIST.format(url=url)
    python = (_PYTHON if resolves else _PYTHON_LIST).format(url=url)
    return Snippets(curl.rstrip(), python.rstrip())


def environment_for(url: str, value: str) -> str:
    """Return the lines for a `.env` file. They hold the value and go nowhere but into an input."""
    return f"KEYPORTAL_URL={url}\nKEYPORTAL_AGENT_KEY={value}"


def _days_in_words(days: int) -> str:
    if days % 365 == 0:
        return "1 year" if days == 365 else f"{days // 365} years"
    return "1 day" if days == 1 else f"{days} days"


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
