"""What each policy is called on the pages, and how what it says is told in words."""

import re
from collections.abc import Mapping
from typing import Any

from keyportal.domain.policies import unit_of

# The policy that is a switch by itself, in force as soon as it is pressed.
MEMORY = "resolve_cache"
POLICY_WORDS = {
    "one_key_per_provider": "One key per provider",
    "failover": "Use another key while one fails",
    "failover_minutes": "A reported key steps back for",
    "environment_fallback": "Use the server's variables",
    "environment_off": "Providers whose variables are never used",
    "agent_key_days": "Usual lifetime",
    "agent_key_longest_days": "Longest lifetime",
    "usage_kept_days": "Keep daily usage for",
    "deleted_kept_days": "Keep traces of deleted keys for",
    "reports_kept_days": "Remember reports for",
    MEMORY: "Answer programs from memory",
}

# How the trail lists policies with what they were changed to.
_CHANGE = re.compile(r"(\w+): (.*?)(?=, \w+: |$)")
_SWITCHED = {"yes": True, "no": False}


def told(name: str, value: Any, names: Mapping[str, str]) -> str:
    """Return a value in words. `names` are those of providers by id."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        unit = unit_of(name)
        return f"1 {unit.removesuffix('s')}" if value == 1 else f"{value:,} {unit}"
    return ", ".join(names.get(one, one) for one in value) or "none"


def changed_in_words(value: str) -> str:
    """Return the names of policies of an event as the page has them."""
    return ", ".join(POLICY_WORDS.get(name, name) for name in value.split(", "))


def changes_in_words(value: str) -> str:
    """Return what an event says policies were changed to, as the page tells it."""
    return "; ".join(f"{POLICY_WORDS.get(n, n)}: {_change(n, said)}" for n, said in _CHANGE.findall(value))


def _change(name: str, said: str) -> str:
    if said in _SWITCHED:
        return told(name, _SWITCHED[said], {})
    return told(name, int(said) if said.isdigit() else [one for one in said.split(", ") if one], {})
