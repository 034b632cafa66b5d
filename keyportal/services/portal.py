"""What every use case needs, opened once: settings, database, encryption keys, providers, clock."""

from dataclasses import dataclass

from keyportal.domain.clock import Clock
from keyportal.persistence.engine import Database
from keyportal.providers.http import GuardedClient
from keyportal.providers.registry import Registry
from keyportal.services.registry import LiveRegistry
from keyportal.settings import Settings
from keyportal.vault.keyring import Keyring


@dataclass(frozen=True)
class Portal:
    settings: Settings
    database: Database
    keyring: Keyring
    live_registry: LiveRegistry
    client: GuardedClient
    clock: Clock

    @property
    def providers(self) -> Registry:
        """The providers as they are now. Ask before a transaction, not inside."""
        return self.live_registry.current()

    def close(self) -> None:
        self.database.dispose()
