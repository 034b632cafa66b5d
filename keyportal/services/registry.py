"""The providers as they are right now: the catalogue, the operator's settings, the admins' decisions."""

import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock

from keyportal.domain.errors import InvalidInput, StorageUnavailable
from keyportal.persistence import providers
from keyportal.persistence.engine import Database
from keyportal.persistence.tables import ProviderRow
from keyportal.providers.base import Provider
from keyportal.providers.custom import AuthStyle, custom_provider
from keyportal.providers.registry import Registry
from keyportal.services import environment
from keyportal.settings import Settings

# How long another process may go on with what it knew.
_FRESH_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TakenNames:
    """Variables that belong to somebody: no added provider may read one, not behind a prefix either."""

    names: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings, base: Registry) -> "TakenNames":
        """Return those of the catalogue and of the operator's settings."""
        names = {name for p in base.all() for name in environment.names_of(settings, p)}
        names |= {name for p in base.all() for name in p.file_environment_names}
        names |= {name for given in settings.environment_names.values() for name in given}
        return cls(frozenset(names), settings.environment_prefixes)

    def has(self, name: str) -> bool:
        return not self.names.isdisjoint(self._read_for(name))

    def also(self, names: Iterable[str]) -> "TakenNames":
        """Return these with those that one more added provider reads."""
        return replace(self, names=self.names.union(*(self._read_for(name) for name in names)))

    def _read_for(self, name: str) -> set[str]:
        return {name, *(prefix + name for prefix in self.prefixes)}


class LiveRegistry:
    """Reads the admins' decisions at most once a second, and at once after `forget`."""

    def __init__(self, base: Registry, database: Database, taken: TakenNames | None = None) -> None:
        self.base = base
        self.taken = taken or TakenNames()
        self._database = database
        self._known: Registry | None = None
        self._read_at = 0.0
        self._one_reader = Lock()

    def current(self) -> Registry:
        known = self._known
        if known is not None and time.monotonic() - self._read_at < _FRESH_S:
            return known
        # One asks and the others go on with what is known: all of them asking for a second
        # connection while each holds one would be a deadlock.
        if not self._one_reader.acquire(blocking=known is None):
            return known or self.base
        try:
            return self._read()
        finally:
            self._one_reader.release()

    def forget(self) -> bool:
        """Read again now: something was just decided. Call it outside of any transaction.

        Returns False where the database could not be read; it is tried again with the next look.
        """
        self._read_at = float("-inf")
        # Whoever is reading right now may have begun before the decision: wait, and read once more.
        # What was decided stands, even if the database is away this very moment.
        with self._one_reader, suppress(StorageUnavailable):
            self._read()
            return True
        return False

    def deciding(self, rows: Sequence[ProviderRow]) -> Registry:
        """Return the providers as these decisions make them."""
        return decided(self.base, rows, self.taken)

    def _read(self) -> Registry:
        with self._database.reading() as session:
            rows = providers.provider_rows(session)
        self._known, self._read_at = self.deciding(rows), time.monotonic()
        return self._known


def decided(base: Registry, rows: Sequence[ProviderRow], taken: TakenNames | None = None) -> Registry:
    """Return the registry with what the admins decided. The operator's own address outranks theirs.

    What was free when an admin added a provider may be taken since: an id by a later catalogue, a
    variable by it or by the operator, and then it is theirs. Of two admins' the older row keeps it.
    """
    registry, taken = base, taken or TakenNames()
    for row in sorted(rows, key=lambda row: (row.created_at, row.id)):
        if is_shadowed(base, row):
            _log.warning("added provider %s is ignored: the catalogue has this id now", row.id)
            continue
        registry = _with_row(registry, row, taken)
        added = registry.find(row.id) if row.is_custom else None
        taken = taken.also(added.environment_names) if added else taken
        if not row.enabled:
            registry = registry.without(row.id)
    return registry


def is_shadowed(base: Registry, row: ProviderRow) -> bool:
    """Tell whether an added provider has an id that the catalogue got later."""
    return row.is_custom and base.find(row.id) is not None


def _with_row(registry: Registry, row: ProviderRow, taken: TakenNames) -> Registry:
    try:
        provider = _provider_of(registry, row, taken)
    except (InvalidInput, ValueError, TypeError):
        # Written by hand or by another release: nobody may be kept out of everything else by it.
        _log.warning("what was decided about provider %s cannot be read", row.id)
        return registry
    if provider is None:
        return registry
    return registry.with_provider(provider).allowing(provider.base_url)


def _provider_of(registry: Registry, row: ProviderRow, taken: TakenNames) -> Provider | None:
    if row.is_custom:
        return custom_provider(
            provider_id=row.id,
            name=row.name,
            base_url=row.base_url,
            auth_style=AuthStyle(row.auth_style),
            environment_names=tuple(name for name in row.environment_names if not taken.has(name)),
        )
    known = registry.find(row.id)
    if known is None or not row.base_url or row.id in registry.fixed:
        return None
    return known.with_base_url(row.base_url, by_operator=False)
