"""What admins decide for everybody: the policies, their defaults and their limits."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import timedelta
from typing import Any

from keyportal.domain.errors import InvalidInput

# The least and the most each number may be. The end of its name says what it counts.
LIMITS = {
    "agent_key_days": (1, 3650),
    "agent_key_longest_days": (1, 3650),
    "usage_kept_days": (31, 3650),
    "deleted_kept_days": (1, 3650),
    "reports_kept_days": (8, 3650),
    "failover_minutes": (1, 1440),
}


@dataclass(frozen=True)
class Policies:
    """Periods are whole days.

    `environment_off` are the ids of providers for which variables of the server are never used.
    `failover` lets owners agree that the next key is used while theirs is refused or without quota, and
    for `failover_minutes` after a program reported so. `resolve_cache` lets resolves be answered from
    memory, which is as true as the database; without it each reads everything anew.
    """

    one_key_per_provider: bool = False
    environment_fallback: bool = True
    environment_off: tuple[str, ...] = field(default=())
    failover: bool = False
    agent_key_days: int = 90
    agent_key_longest_days: int = 365
    usage_kept_days: int = 400
    deleted_kept_days: int = 90
    reports_kept_days: int = 30
    failover_minutes: int = 10
    resolve_cache: bool = True

    @property
    def agent_key_lifetime(self) -> timedelta:
        return timedelta(days=self.agent_key_days)

    @property
    def agent_key_longest(self) -> timedelta:
        return timedelta(days=self.agent_key_longest_days)

    @property
    def usage_kept(self) -> timedelta:
        return timedelta(days=self.usage_kept_days)

    @property
    def deleted_kept(self) -> timedelta:
        return timedelta(days=self.deleted_kept_days)

    @property
    def reports_kept(self) -> timedelta:
        return timedelta(days=self.reports_kept_days)

    @property
    def cool_down(self) -> timedelta:
        return timedelta(minutes=self.failover_minutes)

    def uses_environment(self, provider_id: str) -> bool:
        return self.environment_fallback and provider_id not in self.environment_off

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def require_policies(policies: Policies) -> Policies:
    """Raises InvalidInput naming the policy that cannot be."""
    for name, (least, most) in LIMITS.items():
        number = getattr(policies, name)
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise out_of_range(name)
    if policies.agent_key_days > policies.agent_key_longest_days:
        raise InvalidInput(
            f"Enter at most {policies.agent_key_longest_days} days, which is the longest lifetime, or raise"
            " that one as well.",
            field="agent_key_days",
        )
    return policies


def out_of_range(name: str) -> InvalidInput:
    """Return the refusal that says between which numbers this policy has to be."""
    least, most = LIMITS[name]
    return InvalidInput(f"Enter a whole number of {unit_of(name)} from {least:,} to {most:,}.", field=name)


def unit_of(name: str) -> str:
    """Return what the number of a policy counts, such as "days", or nothing where it is no number."""
    return name.rpartition("_")[2] if name in LIMITS else ""


def policies_from(stored: Mapping[str, Any]) -> Policies:
    """Read what was stored. What another release wrote and this one does not know is left out."""
    known = {f.name: f.type for f in fields(Policies)}
    kept = {name: value for name, value in stored.items() if name in known}
    if "environment_off" in kept:
        kept["environment_off"] = tuple(str(p) for p in kept["environment_off"])
    return Policies(**kept)
