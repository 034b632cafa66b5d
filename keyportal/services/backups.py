"""Making a backup: one file and its recovery sheet, whole or not at all, while everything goes on."""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.errors import BackupRefused, StorageUnavailable
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import copies, migrate, records
from keyportal.persistence.engine import open_engine
from keyportal.services import audit, first_run, recovery_sheet
from keyportal.services.acting import acting
from keyportal.services.backup_contents import contents_of, digest_of, in_plain_words, opened
from keyportal.services.portal import Portal
from keyportal.services.recovery_sheet import Facts, sheet_of
from keyportal.settings import Settings

_LAST = "last_backup"


@dataclass(frozen=True)
class MadeBackup:
    """`values` counts by encryption key what can only be read with it."""

    file: Path
    sheet: Path
    size: int
    values: Mapping[str, int]


def require_present_schema(settings: Settings) -> None:
    """Raises BackupRefused where opening the portal would make or migrate the database first."""
    with in_plain_words("The backup was not made"):
        revision = _revision(settings)
    if revision is None:
        raise BackupRefused("There is no database yet, so there is nothing to back up.")
    if revision != migrate.newest_revision() and migrate.knows_revision(revision):
        raise BackupRefused(
            f"This database is of an older release (schema {revision}). Make the backup with that release,"
            " then upgrade."
        )


def _revision(settings: Settings) -> str | None:
    if not first_run.has_database(settings):
        return None
    engine = open_engine(settings.database_url, poolclass=NullPool)
    try:
        return migrate.schema_revision(engine)
    except (SQLAlchemyError, migrate.PartlyMigrated):
        # What is wrong with it is said by whoever opens it.
        return migrate.newest_revision()
    finally:
        engine.dispose()


def create(portal: Portal, principal: Principal, where: Path) -> MadeBackup:
    """Write a backup to a new file, or to one named by the time in a folder.

    Its own event is in it. Raises BackupRefused, BackupFailed, StorageUnavailable; then no file is left.
    """
    principal.require(Permission.BACKUPS_WRITE)
    path = _free_path(portal, where)
    with (
        in_plain_words("The backup was not made"),
        tempfile.TemporaryDirectory(prefix=".keyportal-", dir=path.parent) as workshop,
    ):
        _record(portal, principal, path, Result.OK)
        try:
            made = _make(portal, Path(workshop) / path.name, path)
        except BaseException:
            with suppress(StorageUnavailable):
                _record(portal, principal, path, Result.FAILED)
            raise
    _remember(portal, path)
    return made


def _free_path(portal: Portal, where: Path) -> Path:
    name = f"keyportal-{portal.clock.now():%Y%m%d-%H%M%S}.db"
    path = (where / name if where.is_dir() else where).absolute()
    if path.suffix == "":
        raise BackupRefused(
            "There is no folder of this name. Make it first, or give a file's name that ends in .db."
        )
    if path.exists() or sheet_of(path).exists():
        raise BackupRefused("There is a file of this name already. Choose another name, or remove it.")
    return path


def _record(portal: Portal, principal: Principal, path: Path, result: Result) -> None:
    with acting(portal, principal) as session:
        audit.record(portal, session, principal, Action.BACKUP_CREATE, result, object_label=path.name)


def _make(portal: Portal, file: Path, path: Path) -> MadeBackup:
    """Finish everything beside the place it is for, then put it there by name alone."""
    copies.copy_database(portal.settings.database_url, file)
    if copies.damage_of(file):
        raise BackupRefused(
            "The database itself is damaged, and so would be its backup. Stop the portal, keep the database"
            " as it is, and restore the last good backup."
        )
    facts = _facts(portal, file, path)
    sheet = sheet_of(file)
    _write(sheet, recovery_sheet.written(facts))
    _put(file, path)
    try:
        _put(sheet, sheet_of(path))
    except BaseException:
        path.unlink()
        raise
    copies.sync(path.parent)
    return MadeBackup(path, sheet_of(path), facts.size, facts.contents.values)


def _facts(portal: Portal, file: Path, path: Path) -> Facts:
    with (
        opened(file, portal.settings, portal.keyring, portal.clock) as copy,
        copy.database.reading() as session,
    ):
        contents = contents_of(session)
    return Facts(
        name=path.name,
        made_at=portal.clock.now(),
        made_from="SQLite" if portal.database.is_sqlite else "PostgreSQL",
        schema=migrate.newest_revision(),
        size=file.stat().st_size,
        digest=digest_of(file),
        current_key_id=portal.keyring.current.id,
        contents=contents,
    )


def _write(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def _put(file: Path, path: Path) -> None:
    """Give a finished file its name, never over another's."""
    try:
        os.link(file, path)
    except FileExistsError:
        raise BackupRefused("There is a file of this name by now. Choose another name.") from None
    except OSError:
        # Some file systems have no second names for a file.
        file.rename(path)


def last_backup(session: Session) -> tuple[datetime, str] | None:
    """Return when the last backup was made, and the name of its file."""
    row = records.read_setting(session, _LAST)
    try:
        stored = json.loads(row.value) if row else None
        return (datetime.fromisoformat(stored["at"]), str(stored["file"])) if stored else None
    except (ValueError, TypeError, KeyError):
        # Somebody wrote into the database: another backup does no harm.
        return None


def _remember(portal: Portal, path: Path) -> None:
    """Note the last backup for doctor. The backup is there all the same where that cannot be written."""
    now = portal.clock.now()
    content = json.dumps({"at": now.isoformat(), "file": path.name})
    with suppress(StorageUnavailable), portal.database.transaction() as session:
        records.write_setting(session, _LAST, content, now)
