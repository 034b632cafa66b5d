"""What every use case needs, opened once: settings, database, encryption keys, providers, clock."""

from dataclasses import dataclass

from keyportal.domain.clock import Clock
from keyportal.persistence.engine import Database
from keyportal.providers.http import GuardedClient
from keyportal.providers.registry import Registry
from keyportal.settings import Settings
from keyportal.vault.keyring import Keyring


@dataclass(frozen=True)
class Portal:
    settings: Settings
    database: Database
    keyring: Keyring
    providers: Registry
    client: GuardedClient
    clock: Clock

    def close(self) -> None:
        self.database.dispose()
