"""What the browser holds of the policies, and what their forms say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyportal.domain.policies import LIMITS, Policies, out_of_range, unit_of
from keyportal.services.providers import ProviderView
from keyportal.ui.shared.policies import POLICY_WORDS, told

# The forms of the page with the policies that are saved together.
SECTIONS = {
    "keys": ("one_key_per_provider", "failover", "failover_minutes"),
    "environment": ("environment_fallback", "environment_off"),
    "agent_keys": ("agent_key_days", "agent_key_longest_days"),
    "retention": ("usage_kept_days", "deleted_kept_days", "reports_kept_days"),
}
_PROVIDER_FIELD = "off-"
_DIGITS_LIMIT = 5


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


def label_of(name: str) -> str:
    """Return what the field of a number is called."""
    return f"{POLICY_WORDS[name]} ({unit_of(name)})"


def range_of(name: str) -> str:
    """Say between which numbers a policy has to be."""
    least, most = LIMITS[name]
    return f"From {least:,} to {most:,} {unit_of(name)}."


def changes_in(section: str, form: Mapping[str, Any], rows: Sequence[EnvironmentRow]) -> dict[str, Any]:
    """Return what a section's form says. Raises InvalidInput naming the field that is no number."""
    return {name: _read(name, form, rows) for name in SECTIONS[section]}


def differences(
    mine: Mapping[str, Any], seen: Policies, theirs: Policies, names: Mapping[str, str]
) -> list[Difference]:
    """Return what somebody else changed of what is being saved. `names` are those of providers by id."""
    return [
        Difference(
            POLICY_WORDS[name], told(name, getattr(theirs, name), names), told(name, mine[name], names)
        )
        for name in changed_between(mine, seen, theirs)
    ]


def changed_between(mine: Mapping[str, Any], seen: Policies, theirs: Policies) -> list[str]:
    """Return the names of what is being saved that somebody else changed."""
    return [name for name in mine if getattr(theirs, name) != getattr(seen, name)]


def _read(name: str, form: Mapping[str, Any], rows: Sequence[EnvironmentRow]) -> Any:
    if name == "environment_off":
        return tuple(sorted(row.id for row in rows if form.get(row.field)))
    if name not in LIMITS:
        return bool(form.get(name))
    typed = form.get(name)
    text = typed.strip() if isinstance(typed, str) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_LIMIT):
        raise out_of_range(name)
    return int(text)
