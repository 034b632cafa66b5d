"""What the browser holds of the policies, and how each is called and told in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyportal.domain.errors import InvalidInput
from keyportal.domain.policies import Policies
from keyportal.services.providers import ProviderView

# The sections of the page with the policies that are saved together.
SECTIONS = {
    "keys": ("one_key_per_provider", "failover"),
    "environment": ("environment_fallback", "environment_off"),
    "agent_keys": ("agent_key_days", "agent_key_longest_days"),
    "retention": ("usage_kept_days", "deleted_kept_days"),
}
WORDS = {
    "one_key_per_provider": "One key per provider",
    "failover": "Failing over",
    "environment_fallback": "Use the server's variables",
    "environment_off": "Never for these providers",
    "agent_key_days": "Usual lifetime",
    "agent_key_longest_days": "Longest lifetime",
    "usage_kept_days": "Keep usage by day",
    "deleted_kept_days": "Keep remains of deleted things",
}
_PROVIDER_FIELD = "off-"
_DAYS_LIMIT = 5


@dataclass(frozen=True)
class PoliciesForm:
    """What the page begins with."""

    one_key_per_provider: bool = False
    failover: bool = False
    environment_fallback: bool = True
    agent_key_days: int = 0
    agent_key_longest_days: int = 0
    usage_kept_days: int = 0
    deleted_kept_days: int = 0


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
        Difference(WORDS[name], _told(getattr(theirs, name), names), _told(value, names))
        for name, value in mine.items()
        if getattr(theirs, name) != getattr(seen, name)
    ]


def _read(name: str, form: Mapping[str, Any], rows: Sequence[EnvironmentRow]) -> Any:
    if name == "environment_off":
        return tuple(row.id for row in rows if form.get(row.field))
    if not name.endswith("_days"):
        return bool(form.get(name))
    typed = form.get(name)
    text = typed.strip() if isinstance(typed, str) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= _DAYS_LIMIT):
        raise InvalidInput("Enter a number of days.", field=name)
    return int(text)


def _told(value: Any, names: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return "1 day" if value == 1 else f"{value} days"
    return ", ".join(names.get(one, one) for one in value) or "none"
