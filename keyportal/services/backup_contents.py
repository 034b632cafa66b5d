"""What a backup holds and which encryption keys it needs, read from a private copy of it.

Opening a database of SQLite writes beside it, and an older one is migrated to be read: the file that was
given is never opened itself.
"""

import errno
import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from keyportal.domain.clock import Clock
from keyportal.domain.errors import BackupFailed, BackupRefused
from keyportal.persistence import copies, migrate, records
from keyportal.persistence.engine import Database
from keyportal.persistence.faults import fault_of, sqlite_code
from keyportal.persistence.inventory import Inventory, take_inventory
from keyportal.providers.http import GuardedClient
from keyportal.providers.registry import Registry
from keyportal.services.canaries import is_needed
from keyportal.services.portal import Portal
from keyportal.services.registry import LiveRegistry
from keyportal.services.sealed_columns import values_by_key
from keyportal.settings import Settings
from keyportal.vault.keyring import Keyring

_PIECE = 1024 * 1024
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk is full",
    errno.EFBIG: "files may not be that large here",
    errno.EACCES: "this user may not read or write there",
    errno.EPERM: "this user may not read or write there",
    errno.EROFS: "nothing can be written there",
    errno.ENOENT: "there is no such folder",
    errno.ENOTDIR: "there is no such folder",
}
_SQLITE_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full.",
    sqlite3.SQLITE_IOERR: "a file could not be read or written to its end. Is the disk full?",
    sqlite3.SQLITE_CANTOPEN: "a file could not be opened. May this user read and write there?",
    sqlite3.SQLITE_READONLY: "nothing can be written there.",
    sqlite3.SQLITE_CORRUPT: "a file is damaged.",
    sqlite3.SQLITE_NOTADB: "a file is damaged.",
}


@dataclass(frozen=True)
class Contents:
    """`values` counts by encryption key what would be lost without it; a key may be needed by none."""

    inventory: Inventory
    values: Mapping[str, int]

    def missing(self, keyring: Keyring | None) -> dict[str, int]:
        """Return the encryption keys that are not here, and how many values need each."""
        return {k: n for k, n in self.values.items() if keyring is None or not keyring.holds(k)}


@contextmanager
def private_copy(path: Path, folder: Path | None = None) -> Iterator[tuple[Path, str]]:
    """Yield a copy nobody else can read, and the SHA-256 of the file. Raises BackupRefused."""
    # SQLite's logs lie beside the file itself, whatever links lead to it.
    path = path.resolve()
    if not path.is_file():
        raise BackupRefused("There is no file of this name. Give the path of a backup.")
    if Path(f"{path}-wal").exists():
        raise BackupRefused(
            "This is a database in use and no backup: part of it is in the file that ends in -wal."
            " Make a copy with `python -m keyportal backup`."
        )
    with tempfile.TemporaryDirectory(prefix=".keyportal-", dir=folder) as private:
        copy = Path(private) / "copy.db"
        with path.open("rb") as source, copy.open("xb") as target:
            shutil.copyfileobj(source, target, _PIECE)
        yield copy, digest_of(copy)


def digest_of(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def bring_up_to_date(copy: Path) -> str:
    """Migrate a copy to the newest schema and return the revision it had. Raises BackupRefused."""
    try:
        revision = copies.revision_of(copy)
        if revision is None:
            raise BackupRefused("This file is no backup of KeyPortal. Give the path of one.")
        migrate.upgrade_schema(copies.url_of(copy))
    except migrate.NewerSchema as newer:
        raise BackupRefused(
            f"This backup is of a newer release (schema {newer.revision}). Upgrade KeyPortal first."
        ) from None
    except migrate.PartlyMigrated as partly:
        raise BackupRefused(f"This backup {partly.what}. Take another one.") from None
    return revision


@contextmanager
def opened(copy: Path, settings: Settings, keyring: Keyring, clock: Clock) -> Iterator[Portal]:
    """Yield a portal on a private copy at the newest schema; afterwards it is one file again."""
    database = Database(copies.url_of(copy))
    registry = LiveRegistry(Registry.of({}), database)
    try:
        yield Portal(settings, database, keyring, registry, GuardedClient(frozenset()), clock)
    finally:
        database.dispose()
    copies.settle(copy)


def nobodys_keyring() -> Keyring:
    """Return a keyring that opens nothing, for looking at what takes no key to see."""
    return Keyring(os.urandom(32))


def counted(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def contents_of(session: Session) -> Contents:
    values = {key_id: sum(by_noun.values()) for key_id, by_noun in values_by_key(session).items()}
    needed = {row.key_id: 0 for row in records.encryption_keys(session) if is_needed(row)}
    return Contents(take_inventory(session), {**needed, **values})


@contextmanager
def in_plain_words(what: str) -> Iterator[None]:
    """Turn a failure of a disk or a database into BackupFailed. `what` says what did not happen."""
    try:
        yield
    except OSError as problem:
        reason = _REASONS.get(problem.errno or 0) or (problem.strerror or "the disk failed").lower()
        raise BackupFailed(f"{what}: {reason}.") from None
    except (sqlite3.Error, SQLAlchemyError) as problem:
        # By its code alone: the words of a database may hold values.
        code = sqlite_code(getattr(problem, "orig", None) or problem)
        fault = fault_of(problem)
        reason = _SQLITE_REASONS.get(code or 0) or (fault.message if fault else "the database refused it.")
        raise BackupFailed(f"{what}: {reason}") from None
