"""What admins decide for everybody: the policies, their defaults and their limits."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import timedelta
from typing import Any

from keyportal.domain.errors import InvalidInput

# The shortest and the longest each period may be, in days.
DAYS = {
    "agent_key_days": (1, 3650),
    "agent_key_longest_days": (1, 3650),
    "usage_kept_days": (31, 3650),
    "deleted_kept_days": (1, 3650),
    "reports_kept_days": (8, 3650),
}
# How long a key that was reported to fail may stand back, in minutes.
FAILOVER_MINUTES = (1, 1440)


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
    for name, (shortest, longest) in DAYS.items():
        days = getattr(policies, name)
        if isinstance(days, bool) or not isinstance(days, int) or not shortest <= days <= longest:
            raise InvalidInput(f"Enter a number of days from {shortest} to {longest}.", field=name)
    minutes, (shortest, longest) = policies.failover_minutes, FAILOVER_MINUTES
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not shortest <= minutes <= longest:
        raise InvalidInput(
            f"Enter a number of minutes from {shortest} to {longest}.", field="failover_minutes"
        )
    if policies.agent_key_days > policies.agent_key_longest_days:
        raise InvalidInput("This is longer than the longest lifetime.", field="agent_key_days")
    return policies


def policies_from(stored: Mapping[str, Any]) -> Policies:
    """Read what was stored. What another release wrote and this one does not know is left out."""
    known = {f.name: f.type for f in fields(Policies)}
    kept = {name: value for name, value in stored.items() if name in known}
    if "environment_off" in kept:
        kept["environment_off"] = tuple(str(p) for p in kept["environment_off"])
    return Policies(**kept)
