"""Putting a backup in the place of the database: looked at first, all or nothing, and nothing thrown away."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.clock import Clock, SystemClock
from keyportal.domain.errors import RestoreRefused, StorageUnavailable, UnusableSetting
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import copies, migrate, processes, replacing, restored
from keyportal.persistence.engine import Database
from keyportal.persistence.inventory import Inventory, take_inventory
from keyportal.persistence.replacing import Target
from keyportal.services import audit, first_run, recovery_sheet
from keyportal.services.backup_contents import (
    Contents,
    bring_up_to_date,
    contents_of,
    in_plain_words,
    opened,
    private_copy,
)
from keyportal.services.backup_verification import missing_in_words
from keyportal.services.canaries import PREVIOUS, require_right_keys
from keyportal.services.encryption_keys import server_name
from keyportal.services.portal import Portal
from keyportal.services.start_up import keyring_from, prepare_files
from keyportal.settings import Settings

_FAILED = "The backup was not restored, and the database is as it was"


@dataclass(frozen=True)
class RestorePlan:
    """What is about to happen. `present` is None where there is nothing yet, or nothing that can be read."""

    target: str
    contents: Contents
    missing: Mapping[str, int]
    present: Inventory | None


@dataclass(frozen=True)
class Restored:
    """What happened. `former` is where the database lies that was replaced, if there was one.

    `returned` are agent keys, with their owners' emails, that were let in no more and are again.
    """

    former: Path | None
    returned: tuple[tuple[str, str], ...]


class Restore:
    """A backup that was looked at, in a copy nobody else has, ready to be put in place."""

    def __init__(self, portal: Portal, copy: Path, principal: Principal, plan: RestorePlan) -> None:
        self.plan = plan
        self._portal = portal
        self._copy = copy
        self._principal = principal

    def carry_out(self) -> Restored:
        """Replace the database. Raises RestoreRefused, BackupFailed; then it is as it was."""
        settings, now = self._portal.settings, self._portal.clock.now()
        prepare_files(settings)
        with in_plain_words(_FAILED), _held(settings) as target:
            former = target.save_to(_free_name(settings, now))
            before = former if former and not copies.damage_of(former) else None
            if before:
                with copies.reading(before) as session:
                    _require_no_server(session, now)
            self._put_right(copies.numbers_of(before) if before else {})
            returned = _returned(before, self._copy, now) if before else ()
            target.replace_with(self._copy)
        return Restored(former, returned)

    def _put_right(self, numbers: Mapping[str, int]) -> None:
        """Make the copy today's database, with its own restore on the trail."""
        portal, held = self._portal, self.plan.contents.inventory
        with portal.database.transaction() as session:
            restored.end_what_was_under_way(session, portal.clock.now())
            restored.count_on_from(session, numbers)
            require_right_keys(session, portal.keyring, portal.clock, may_miss_keys=True)
            audit.record(
                portal,
                session,
                self._principal,
                Action.BACKUP_RESTORE,
                count=held.api_keys + held.system_keys,
                at=held.newest_event_at and held.newest_event_at.isoformat(),
            )
        portal.close()
        copies.settle(self._copy)


@contextmanager
def looked_at(
    settings: Settings, principal: Principal, path: Path, *, anyway: bool = False, clock: Clock | None = None
) -> Iterator[Restore]:
    """Look whether a backup can be restored here, and yield what would do it. Touches nothing yet.

    `anyway` takes one whose encryption keys are not all here, or that is not the file its sheet names.
    Raises BackupRefused, RestoreRefused, BackupFailed, and UnusableSetting where a key is missing.
    """
    principal.require(Permission.BACKUPS_WRITE)
    keyring, clock = keyring_from(settings), clock or SystemClock()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with in_plain_words(_FAILED), private_copy(path, settings.data_dir) as (copy, digest):
        _require_whole(copy, digest, recovery_sheet.digest_on(path), anyway)
        bring_up_to_date(copy)
        with opened(copy, settings, keyring, clock) as portal:
            with portal.database.reading() as session:
                contents = contents_of(session)
            missing = contents.missing(keyring)
            if missing and not anyway:
                raise _lacking(missing)
            plan = RestorePlan(_target(settings), contents, missing, _present(settings, path, clock.now()))
            yield Restore(portal, copy, principal, plan)


def _require_whole(copy: Path, digest: str, expected: str | None, anyway: bool) -> None:
    damage = copies.damage_of(copy)
    if damage:
        raise RestoreRefused(f"This backup is damaged ({damage}). Take another one.")
    if expected is not None and expected != digest and not anyway:
        raise RestoreRefused(
            "This is not the file its recovery sheet was written for: it was changed, or the sheet is"
            " another's. `verify` looks into it; --anyway takes it as it is."
        )


def _lacking(missing: dict[str, int]) -> UnusableSetting:
    first = min(missing)
    return UnusableSetting(
        PREVIOUS,
        f"lacks what this backup was written with: key id {missing_in_words(missing)}. Add that key, here or"
        f" as API_KEY_ENCRYPTION_KEY. If it is lost: restore with --anyway, then `python -m keyportal"
        f" encryption-key abandon {first}`. Nothing was touched.",
    )


def _present(settings: Settings, path: Path, now: datetime) -> Inventory | None:
    """Return what is there now, if anything is. Raises RestoreRefused."""
    if not first_run.has_database(settings):
        return None
    if settings.uses_sqlite:
        file = copies.file_of(settings.database_url)
        if path.samefile(file):
            raise RestoreRefused("This is the portal's own database. Give the path of a backup.")
        if not replacing.may_be_database(file):
            return None
    database = Database(settings.database_url)
    try:
        with database.reading() as session:
            _require_no_server(session, now)
            return take_inventory(session)
    except (StorageUnavailable, SQLAlchemyError):
        return None
    finally:
        database.dispose()
        # A connection that met damage is closed with its last statement, and that one hangs on the failure.
        gc.collect()


def _require_no_server(session: Session, now: datetime) -> None:
    """Raises RestoreRefused while a server says that it runs. A schema without them knows of none."""
    try:
        servers = [server_name(row) for row in processes.running(session, now)]
    except SQLAlchemyError:
        return
    if servers:
        raise RestoreRefused(
            f"A server runs on this database ({', '.join(servers)}). Stop the portal and every serve-api;"
            " one that was killed is forgotten after a minute."
        )


def _target(settings: Settings) -> str:
    url = make_url(settings.database_url)
    if settings.uses_sqlite:
        return f"the database {url.database}"
    return f"the database {url.database} of PostgreSQL" + (f" on {url.host}" if url.host else "")


@contextmanager
def _held(settings: Settings) -> Iterator[Target]:
    try:
        with replacing.held(settings.database_url) as target:
            yield target
    except replacing.InUse:
        raise RestoreRefused(
            "Another process has the database open. Stop the portal, every serve-api and whatever else"
            " looks into it, then try again."
        ) from None
    except migrate.NewerSchema as newer:
        raise RestoreRefused(
            f"The database is of a newer release (schema {newer.revision}), so this release cannot save it"
            " first. Restore into an empty database: set DATABASE_URL to one."
        ) from None
    except migrate.PartlyMigrated as partly:
        raise RestoreRefused(
            f"The database {partly.what}, so it cannot be saved first. Restore into an empty database: set"
            " DATABASE_URL to one."
        ) from None


def _free_name(settings: Settings, now: datetime) -> Path:
    """Return where the present database is saved. Nothing that was saved before is overwritten."""
    stem = f"before-restore-{now:%Y%m%d-%H%M%S}"
    names = (f"{stem}{f'-{number}' if number > 1 else ''}.db" for number in count(1))
    return next(path for path in (settings.data_dir / name for name in names) if not path.exists())


def _returned(before: Path, copy: Path, now: datetime) -> tuple[tuple[str, str], ...]:
    """Return the agent keys that restoring lets in again."""
    still = copies.usable_agent_keys(before, now)
    return tuple(key for key_id, key in copies.usable_agent_keys(copy, now).items() if key_id not in still)
