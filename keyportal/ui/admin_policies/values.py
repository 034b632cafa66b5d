"""What the browser holds of the policies, and how each is called and told in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyportal.domain.errors import InvalidInput
from keyportal.domain.policies import Policies
from keyportal.services.providers import ProviderView

# The sections of the page with the policies that are saved together.
SECTIONS = {
    "keys": ("one_key_per_provider", "failover", "failover_minutes"),
    "environment": ("environment_fallback", "environment_off"),
    "agent_keys": ("agent_key_days", "agent_key_longest_days"),
    "retention": ("usage_kept_days", "deleted_kept_days", "reports_kept_days"),
    "debugging": ("resolve_cache",),
}
WORDS = {
    "one_key_per_provider": "One key per provider",
    "failover": "Failing over",
    "failover_minutes": "Step back after a report",
    "environment_fallback": "Use the server's variables",
    "environment_off": "Never for these providers",
    "agent_key_days": "Usual lifetime",
    "agent_key_longest_days": "Longest lifetime",
    "usage_kept_days": "Keep usage by day",
    "deleted_kept_days": "Keep remains of deleted things",
    "reports_kept_days": "Keep reports of programs",
    "resolve_cache": "Answer resolves from memory",
}
_PROVIDER_FIELD = "off-"
_DIGITS_LIMIT = 5
_UNITS = {"days": "day", "minutes": "minute"}


@dataclass(frozen=True)
class PoliciesForm:
    """What the page begins with."""

    one_key_per_provider: bool = False
    failover: bool = False
    failover_minutes: int = 0
    environment_fallback: bool = True
    agent_key_days: int = 0
    agent_key_longest_days: int = 0
    usage_kept_days: int = 0
    deleted_kept_days: int = 0
    reports_kept_days: int = 0
    resolve_cache: bool = True


@dataclass(frozen=True)
class EnvironmentRow:
    """A provider that is read from the environment. `variables` are the names, never what they hold."""

    id: str
    name: str
    field: str
    variables: str
    is_off: bool


@dataclass(frozen=True)
class Difference:
    """One policy that somebody else changed while it was being edited here."""

    word: str
    theirs: str
    mine: str


def form_of(policies: Policies) -> PoliciesForm:
    return PoliciesForm(**{name: getattr(policies, name) for name in PoliciesForm.__dataclass_fields__})


def environment_rows(providers: Sequence[ProviderView], policies: Policies) -> list[EnvironmentRow]:
    return [
        EnvironmentRow(
            id=p.id,
            name=p.name,
            field=_PROVIDER_FIELD + p.id,
            variables=", ".join(p.environment_names),
            is_off=p.id in policies.environment_off,
        )
        for p in providers
        if p.environment_names
    ]


def changes_in(section: str, form: Mapping[str, Any], rows: Sequence[EnvironmentRow]) -> dict[str, Any]:
    """Return what a section's form says. Raises InvalidInput naming the field that is no number."""
    return {name: _read(name, form, rows) for name in SECTIONS[section]}


def differences(
    mine: Mapping[str, Any], seen: Policies, theirs: Policies, names: Mapping[str, str]
) -> list[Difference]:
    """Return what somebody else changed of what is being saved. `names` are those of providers by id."""
    return [
        Difference(WORDS[name], _told(name, getattr(theirs, name), names), _told(name, value, names))
        for name, value in mine.items()
        if getattr(theirs, name) != getattr(seen, name)
    ]


def _read(name: str, form: Mapping[str, Any], rows: Sequence[EnvironmentRow]) -> Any:
    if name == "environment_off":
        return tuple(row.id for row in rows if form.get(row.field))
    unit = _unit_of(name)
    if not unit:
        return bool(form.get(name))
    typed = form.get(name)
    text = typed.strip() if isinstance(typed, str) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_LIMIT):
        raise InvalidInput(f"Enter a number of {unit}.", field=name)
    return int(text)


def _unit_of(name: str) -> str:
    """Return what a number of this policy counts, or nothing where it is no number."""
    unit = name.rpartition("_")[2]
    return unit if unit in _UNITS else ""


def _told(name: str, value: Any, names: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        unit = _unit_of(name)
        return f"1 {_UNITS[unit]}" if value == 1 else f"{value} {unit}"
    return ", ".join(names.get(one, one) for one in value) or "none"
