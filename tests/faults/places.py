"""Where the work happens: databases with people and keys in them, one copy for each try."""

import shutil
import time
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from alembic import command
from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import ROLE_PERMISSIONS, Role, operator_principal
from keyportal.domain.secret import Secret
from keyportal.persistence import migrate
from keyportal.persistence.engine import open_engine
from keyportal.services import agent_keys, credentials, resolution
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from keyportal.services.start_up import open_portal
from keyportal.settings import Settings
from tests.conftest import person
from tests.faults.acts import Ledger
from tests.faults.postgres import Server
from tests.support import add_cast, make_settings, with_sqlite_checkpointed

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
KINDS = (SQLITE, POSTGRESQL)
EMPTY, NEWEST = "empty", "newest"
# Of before this one, a key has no counts by day, and an event nobody behind it.
_WITH_COUNTS = "0003"
_OWN, _SHARED = 8, 3
_OTHERS = b"""
    SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_PATIENCE_S = 30.0


@dataclass
class Place:
    """One database, and what was said of it."""

    kind: str
    folder: Path
    values: dict[str, str]
    ledger: Ledger
    token: str = ""

    @property
    def file(self) -> Path:
        return self.folder / "keyportal.db"

    @property
    def database_name(self) -> str:
        return make_url(self.values["DATABASE_URL"]).database or ""

    @property
    def backups(self) -> Path:
        return self.folder / "backups"

    def settings(self) -> Settings:
        return make_settings(self.folder, **self.texts())

    def texts(self) -> dict[str, str]:
        current, *previous = self.ledger.encryption_keys
        keys = {"API_KEY_ENCRYPTION_KEY": current, "API_KEY_ENCRYPTION_KEY_PREVIOUS": ",".join(previous)}
        return {**self.values, **keys}

    def wait_until_left(self) -> None:
        """A server goes on with what a client asked for before it was killed. Wait for that."""
        if self.kind == POSTGRESQL:
            with psycopg.connect(self.values["DATABASE_URL"], autocommit=True) as connection:
                until = time.monotonic() + _PATIENCE_S
                while connection.execute(_OTHERS).fetchall():
                    assert time.monotonic() < until, "a connection of a process that is gone stays open"
                    time.sleep(0.005)

    def open(self) -> Portal:
        return open_portal(self.settings())


def value_of(*parts: object) -> str:
    """Return a value that is a key's and nobody else's, the same in every run."""
    return "sk-proj-" + sha256(repr(parts).encode()).hexdigest()[:40]


class Places:
    """Makes databases of both kinds at any revision, by copying one that was made once."""

    def __init__(self, folder: Path, server: Server) -> None:
        self._folder, self.server = folder, server
        self._made: dict[tuple[str, str], Place] = {}
        self._copies: list[Place] = []

    def new(self, kind: str, revision: str = NEWEST) -> Place:
        """Return a database: `empty`, or with keys in it, as a portal at this revision left it."""
        if (kind, revision) not in self._made:
            self._made[kind, revision] = self._make(kind, revision)
        made = self._made[kind, revision]
        ledger = Ledger(dict(made.ledger.values), answered=list(made.ledger.answered))
        ledger.resolves_asked = made.ledger.resolves_asked
        place = Place(kind, self._new_folder(), {}, ledger, made.token)
        if kind == POSTGRESQL:
            place.values["DATABASE_URL"] = self.server.new(made.database_name)
        elif made.file.exists():
            shutil.copy(made.file, place.file)
        self._copies.append(place)
        return place

    def forget(self) -> None:
        """Delete every copy that was handed out."""
        for place in self._copies:
            if place.kind == POSTGRESQL:
                self.server.drop(place.database_name)
            shutil.rmtree(place.folder, ignore_errors=True)
        self._copies.clear()

    def _new_folder(self) -> Path:
        folder = self._folder / uuid4().hex
        folder.mkdir(mode=0o700)
        return folder

    def _make(self, kind: str, revision: str) -> Place:
        values = {"DATABASE_URL": self.server.new()} if kind == POSTGRESQL else {}
        place = Place(kind, self._new_folder(), values, Ledger({}))
        if revision == EMPTY:
            return place
        with closing(place.open()) as portal:
            add_cast(portal)
            _fill(portal, place, with_counts=revision == NEWEST or revision >= _WITH_COUNTS)
        if revision != NEWEST:
            url = place.settings().database_url
            with open_engine(url, poolclass=NullPool).begin() as connection:
                command.downgrade(migrate._config(connection), revision)
        if kind == SQLITE:
            with_sqlite_checkpointed(place.file)
        return place


def _fill(portal: Portal, place: Place, *, with_counts: bool) -> None:
    """Save keys, and use each of them once."""
    operator = operator_principal()
    # Of before there was a person behind each event, there are only events without one.
    admin = replace(operator, permissions=ROLE_PERMISSIONS[Role.ADMIN])
    for number in range(_SHARED):
        new = NewCredential("groq", f"shared {number}", Secret(value_of("shared", number)))
        credentials.create(portal, admin, Ownership.SYSTEM, new)
        place.ledger.values[new.name] = new.api_key.reveal()
    if not with_counts:
        return
    alice = person(portal, "alice")
    for number in range(_OWN):
        new = NewCredential("openai", f"own {number}", Secret(value_of("own", number)))
        credentials.create(portal, alice, Ownership.USER, new)
        place.ledger.values[new.name] = new.api_key.reveal()
    place.token = agent_keys.create(portal, alice, NewAgentKey("program")).token.reveal()
    for provider in ("openai", "groq"):
        found = resolution.resolve_key(portal, operator, provider, user="alice@example.com")
        place.ledger.answered.append(found.resolution_id)
        place.ledger.resolves_asked += 1
