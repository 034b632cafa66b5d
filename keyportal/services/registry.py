"""The providers as they are right now: the catalogue, the operator's settings, the admins' decisions."""

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock

from keyportal.domain.errors import InvalidInput, StorageUnavailable
from keyportal.persistence import providers
from keyportal.persistence.engine import Database
from keyportal.persistence.tables import ProviderRow
from keyportal.providers.base import Provider
from keyportal.providers.custom import AuthStyle, custom_provider
from keyportal.providers.registry import Registry

# How long another process may go on with what it knew.
_FRESH_S = 1.0

_log = logging.getLogger(__name__)


class LiveRegistry:
    """Reads the admins' decisions at most once a second, and at once after `forget`."""

    def __init__(self, base: Registry, database: Database) -> None:
        self.base = base
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

    def forget(self) -> None:
        """Read again now: something was just decided here. Call it outside of any transaction."""
        self._read_at = float("-inf")
        # Whoever is reading right now may have begun before the decision: wait, and read once more.
        # What was decided stands, even if the database is away this very moment.
        with self._one_reader, suppress(StorageUnavailable):
            self._read()

    def _read(self) -> Registry:
        with self._database.reading() as session:
            rows = providers.provider_rows(session)
        self._known, self._read_at = decided(self.base, rows), time.monotonic()
        return self._known


def decided(base: Registry, rows: Sequence[ProviderRow]) -> Registry:
    """Return the registry with what the admins decided. The operator's own address outranks theirs."""
    registry = base
    for row in rows:
        registry = _with_row(registry, row)
        if not row.enabled:
            registry = registry.without(row.id)
    return registry


def _with_row(registry: Registry, row: ProviderRow) -> Registry:
    try:
        provider = _provider_of(registry, row)
    except (InvalidInput, ValueError):
        # Written by hand or by another release: nobody may be kept out of everything else by it.
        _log.warning("what was decided about a provider cannot be read")
        return registry
    if provider is None:
        return registry
    return registry.with_provider(provider).allowing(provider.base_url)


def _provider_of(registry: Registry, row: ProviderRow) -> Provider | None:
    if row.is_custom:
        return custom_provider(
            provider_id=row.id,
            name=row.name,
            base_url=row.base_url,
            auth_style=AuthStyle(row.auth_style),
            environment_names=tuple(row.environment_names),
        )
    known = registry.find(row.id)
    if known is None or not row.base_url or row.id in registry.fixed:
        return None
    return known.with_base_url(row.base_url, by_operator=False)
