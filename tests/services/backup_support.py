"""A portal with a bit of everything in it, and short ways to back it up and to put it back."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel, col, update

from alembic import command
from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Scope, operator_principal
from keyportal.domain.secret import Secret
from keyportal.persistence import copies, migrate
from keyportal.persistence.engine import open_engine
from keyportal.persistence.tables import CheckSlotRow, CredentialRow, ProcessRow
from keyportal.services import agent_keys, backups, credentials, restoring
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.backups import MadeBackup
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from keyportal.services.resolution import resolve_key
from keyportal.services.restoring import Restored
from keyportal.settings import Settings
from tests.conftest import person
from tests.services.support import VALUE, save, signed_in
from tests.support import FakeClock

OPERATOR = operator_principal()
AWS_SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00"
TOKEN = "FwoGZXIvYXdzEBYaDHq0EXAMPLE"
AWS = {"access_key_id": "ASIAIOSFODNN7EXAMPLE", "region": "eu-central-1", "session_token": TOKEN}
# What a restore itself changes.
PUT_RIGHT = ("sessions", "processes", "check_slots", "changes", "audit_events")


def fill(portal: Portal) -> None:
    """Save what is hard to copy: text of every kind, JSON, ciphertext, nothing at all, counts, moments."""
    alice, root = person(portal, "alice"), person(portal, "root")
    save(portal, alice, "Schlüssel 🔑 日本", note="a\nb\t\\ \" ' % _")
    save(portal, alice, "AWS", AWS_SECRET, provider="aws_transcribe", fields=AWS)
    save(portal, root, "for all", f"{VALUE}9", Ownership.SYSTEM)
    lost = save(portal, alice, "without a value", f"{VALUE}8")
    general = NewCredential("", "General", Secret("anything at all"))
    credentials.create(portal, alice, Ownership.USER, general)
    agent_keys.create(portal, alice, NewAgentKey("bot", [Scope.RESOLVE]))
    signed_in(portal, "alice")
    odd = portal.clock.now() + timedelta(microseconds=123_457)
    for _ in range(3):
        resolve_key(portal, OPERATOR, "openai", user="alice@example.com")
    with portal.database.transaction() as session:
        values = {
            "sealed": None,
            "last_used_at": odd,
            "usage_count": 2**40,
            "health_details": {"a": ["é", None]},
        }
        session.exec(update(CredentialRow).where(col(CredentialRow.id) == lost.id).values(**values))
        session.add(CheckSlotRow(person="p", expires_at=odd))


def add_server(portal: Portal, ago: timedelta = timedelta(0)) -> None:
    """Have a server on record that said a while ago that it runs."""
    key_id, seen_at = portal.keyring.current.id, portal.clock.now() - ago
    row = ProcessRow(
        kind="portal",
        host="h",
        pid=1,
        key_ids=[key_id],
        current_key_id=key_id,
        started_at=seen_at,
        seen_at=seen_at,
    )
    with portal.database.transaction() as session:
        session.add(row)


def back_up(portal: Portal, where: Path) -> MadeBackup:
    return backups.create(portal, OPERATOR, where)


def put_back(settings: Settings, file: Path, *, anyway: bool = False) -> Restored:
    with restoring.looked_at(settings, OPERATOR, file, anyway=anyway, clock=FakeClock()) as found:
        return found.carry_out()


def rows_in(url: str) -> dict[str, list[Any]]:
    """Return every row of every table, in an order of its own."""
    engine = open_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
            for name, table in SQLModel.metadata.tables.items()
        }


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def downgrade(file: Path, revision: str) -> None:
    with open_engine(copies.url_of(file), poolclass=NullPool).begin() as connection:
        command.downgrade(migrate._config(connection), revision)
    copies.settle(file)


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Have every write behind so many bytes of a file fail, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
