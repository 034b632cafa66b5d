"""What an operator wants to know when something is off: each part, ok or what to do. Changes nothing."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from keyportal.domain.clock import Clock, SystemClock
from keyportal.domain.errors import KeyPortalError, UnusableSetting
from keyportal.persistence import migrate
from keyportal.persistence.engine import Database
from keyportal.providers.http import GuardedClient
from keyportal.providers.registry import Registry
from keyportal.services import first_run, own_files
from keyportal.services.doctor_database import (
    ENCRYPTION_KEYS,
    NEED_KEYS,
    PARTS,
    Ailing,
    look_at_database,
    look_at_rows,
)
from keyportal.services.portal import Portal
from keyportal.services.registry import LiveRegistry
from keyportal.services.start_up import keyring_from, registry_from, require_redis
from keyportal.settings import Settings

_LEAST_FREE = 100 * 1024 * 1024
_UNITS = ("bytes", "KB", "MB", "GB", "TB")


@dataclass(frozen=True)
class Finding:
    """One part that was looked at. `advice` says what to do where it is not ok."""

    part: str
    is_ok: bool
    advice: str


def examine(settings: Settings, clock: Clock | None = None) -> list[Finding]:
    """Look at everything that can be looked at. What needs a part that is not well is left out."""
    return list(_findings(settings, clock or SystemClock()))


def _findings(settings: Settings, clock: Clock) -> Iterator[Finding]:
    yield _look("settings", lambda: _settings(settings))
    yield _look("file modes", lambda: _modes(settings))
    yield _look("data directory", lambda: _data_directory(settings))
    if settings.redis_url is not None:
        yield _look("redis", lambda: _redis(settings))
    try:
        if not first_run.has_database(settings):
            yield Finding("database", False, "There is none yet. `python -m keyportal serve` makes it.")
            return
    except UnusableSetting as problem:
        yield Finding("database", False, problem.message)
        return
    if _is_empty_file(settings):
        # Opening it would write to it.
        yield Finding("database", False, "is an empty file. If there was data in it, restore a backup.")
        return
    yield from _of_the_database(settings, clock)


def _is_empty_file(settings: Settings) -> bool:
    return settings.uses_sqlite and not Path(make_url(settings.database_url).database or "").stat().st_size


def _of_the_database(settings: Settings, clock: Clock) -> Iterator[Finding]:
    database = Database(settings.database_url)
    try:
        for part, examination in (
            ("database", lambda: look_at_database(database)),
            ("schema", lambda: _schema(database)),
            ("rows", lambda: look_at_rows(database)),
        ):
            yield (found := _look(part, examination))
            if not found.is_ok and part != "rows":
                return
        try:
            portal = _portal(settings, database, clock)
        except UnusableSetting as problem:
            yield Finding("encryption keys", False, problem.message)
            return
        has_keys = True
        for part, look_at in PARTS:
            if part in NEED_KEYS and not has_keys:
                # Without its key everything looks damaged.
                continue
            yield (found := _look(part, lambda look_at=look_at: look_at(portal)))
            has_keys = has_keys and (found.is_ok or part != ENCRYPTION_KEYS)
    finally:
        database.dispose()


def _look(part: str, examination: Callable[[], str]) -> Finding:
    try:
        return Finding(part, True, examination())
    except (KeyPortalError, Ailing) as problem:
        return Finding(part, False, str(problem))
    except SQLAlchemyError:
        return Finding(part, False, "The database did not answer. Check DATABASE_URL and that it runs.")
    except Exception as problem:  # noqa: BLE001  whatever is wrong here, the other parts are told
        kind = type(problem).__name__
        return Finding(
            part, False, f"could not be looked at ({kind}): rows may be damaged. Compare a backup."
        )


def _settings(settings: Settings) -> str:
    registry_from(settings)
    return f"listens on {settings.host}:{settings.port}, opened in browsers as {settings.public_url}"


def _modes(settings: Settings) -> str:
    found = own_files.open_to_others(settings)
    if found:
        raise Ailing(" ".join(own_files.how_to_close(path) for path in found))
    return "nobody else can read the portal's files"


def _data_directory(settings: Settings) -> str:
    folder = settings.data_dir
    if not folder.is_dir():
        raise Ailing(f"{folder} is no folder yet. `python -m keyportal serve` makes it.")
    try:
        own_files.try_to_write(folder)
    except OSError:
        raise Ailing(
            f"{folder} cannot be written. Give it to the user KeyPortal runs as, mode 700, on a disk that may"
            " be written."
        ) from None
    free = shutil.disk_usage(folder).free
    if free < _LEAST_FREE:
        raise Ailing(f"only {in_units(free)} are free on the disk of {folder}. Make room, or move it.")
    return f"{folder}, {in_units(free)} free"


def _redis(settings: Settings) -> str:
    require_redis(settings)
    return "answers"


def _schema(database: Database) -> str:
    try:
        found, newest = migrate.require_known_schema(database.engine), migrate.newest_revision()
        if found == newest:
            migrate.require_whole_schema(database.engine)
    except migrate.NewerSchema as newer:
        raise Ailing(f"is of a newer release (revision {newer.revision}). Upgrade KeyPortal.") from None
    except migrate.PartlyMigrated as partly:
        raise Ailing(f"The database {partly.what}. Restore it from a backup.") from None
    if found != newest:
        raise Ailing(f"is at revision {found}, this release has {newest}. The next start migrates it.")
    return f"revision {found}, whole"


def _portal(settings: Settings, database: Database, clock: Clock) -> Portal:
    keyring, registry = keyring_from(settings), LiveRegistry(Registry.of({}), database)
    return Portal(settings, database, keyring, registry, GuardedClient(frozenset()), clock)


def in_units(size: int) -> str:
    """Return a number of bytes as people say it."""
    power = min(max(size.bit_length() - 1, 0) // 10, len(_UNITS) - 1)
    amount = size / 1024**power
    return f"{amount:.0f} {_UNITS[power]}" if amount >= 10 or not power else f"{amount:.1f} {_UNITS[power]}"
