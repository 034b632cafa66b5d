"""Opening a portal: data directory, schema, encryption keys. Refuses before anything listens."""

import os
import stat
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from keyportal.domain.clock import Clock, SystemClock
from keyportal.domain.errors import Unopenable, UnusableSetting
from keyportal.domain.secret import Secret
from keyportal.persistence import migrate, records
from keyportal.persistence.engine import Database, take_lock
from keyportal.persistence.tables import EncryptionKeyRow
from keyportal.providers.http import GuardedClient
from keyportal.providers.registry import Registry
from keyportal.services.portal import Portal
from keyportal.services.registry import LiveRegistry, TakenNames
from keyportal.settings import ENCRYPTION_KEY, Settings
from keyportal.vault.keyring import Keyring
from keyportal.vault.sealed import Place, open_sealed, seal

_CANARY = Secret("keyportal canary")
_CANARY_LOCK = 742002


def open_portal(settings: Settings, clock: Clock | None = None) -> Portal:
    """Return a portal ready to serve. Raises UnusableSetting naming what stops the start."""
    keyring = keyring_from(settings)
    providers = registry_from(settings)
    prepare_data_dir(settings)
    migrate_schema(settings)
    database = _database(settings)
    clock = clock or SystemClock()
    try:
        with database.transaction() as session:
            take_lock(session, _CANARY_LOCK)
            require_right_keys(session, keyring, clock)
    except BaseException:
        database.dispose()
        raise
    client = GuardedClient(allowed_origins=providers.allowed_origins)
    registry = LiveRegistry(providers, database, TakenNames.of(settings, providers))
    return Portal(settings, database, keyring, registry, client, clock)


def require_ready(portal: Portal) -> None:
    """Raises StorageUnavailable while the database cannot be reached."""
    with portal.database.reading() as session:
        records.encryption_keys(session)


def registry_from(settings: Settings) -> Registry:
    """Raises UnusableSetting for a setting that names no provider, or an unusable address."""
    providers = Registry.of(settings.base_url_overrides)
    for provider_id in settings.environment_names:
        if providers.find(provider_id) is None:
            raise UnusableSetting(
                f"KEYPORTAL_ENVIRONMENT_NAMES_{provider_id.upper()}",
                "no provider of the catalogue has this id",
            )
    return providers


def require_redis(settings: Settings) -> None:
    """Raises UnusableSetting where Redis is configured and does not answer."""
    if settings.redis_url is None:
        return
    # Only here: whoever does not use it need not wait for it.
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        Redis.from_url(settings.redis_url, socket_timeout=3, socket_connect_timeout=3).ping()
    except (RedisError, OSError, ValueError):
        raise UnusableSetting("REDIS_URL", "names a server that does not answer.") from None


def keyring_from(settings: Settings) -> Keyring:
    """Raises UnusableSetting where no encryption key was given."""
    current = bytes.fromhex(settings.require_encryption_key().reveal())
    return Keyring(current, (bytes.fromhex(k.reveal()) for k in settings.previous_encryption_keys))


def prepare_data_dir(settings: Settings) -> None:
    """Create the data directory for its owner alone. Raises UnusableSetting if it cannot be used."""
    folder = settings.data_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_private(folder)
    except OSError:
        raise UnusableSetting("KEYPORTAL_DATA_DIR", "names a folder that cannot be created.") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UnusableSetting("KEYPORTAL_DATA_DIR", "names a folder that cannot be written.")
    _make_database_file_private(settings)


def migrate_schema(settings: Settings) -> None:
    """Bring the schema up to date. Raises UnusableSetting if the database cannot be used."""
    _database(settings).dispose()
    try:
        migrate.upgrade_schema(settings.database_url)
    except migrate.NewerSchema as newer:
        raise UnusableSetting(
            "DATABASE_URL", f"is a database of a newer release (schema {newer.revision}). Upgrade KeyPortal."
        ) from None
    except (SQLAlchemyError, OSError):
        raise UnusableSetting("DATABASE_URL", "names a database that cannot be opened.") from None


def _database(settings: Settings) -> Database:
    try:
        return Database(settings.database_url)
    except (SQLAlchemyError, ValueError):
        # The library's message repeats pieces of the URL, which holds a password.
        raise UnusableSetting("DATABASE_URL", "is not a usable database URL.") from None


def require_right_keys(session: Session, keyring: Keyring, clock: Clock) -> None:
    """Check the canary of every key this database was written with; plant one for a new database."""
    known = records.encryption_keys(session)
    missing = sorted(row.key_id for row in known if not keyring.holds(row.key_id))
    if missing:
        raise UnusableSetting(
            ENCRYPTION_KEY,
            f"has key id {keyring.current.id}, but this database was written with {', '.join(missing)}."
            " Put that key back, or add it to API_KEY_ENCRYPTION_KEY_PREVIOUS.",
        )
    for row in known:
        _require_canary(keyring, row)
    if keyring.current.id not in {row.key_id for row in known}:
        records.add_encryption_key(session, _plant_canary(keyring, clock))


def _require_canary(keyring: Keyring, row: EncryptionKeyRow) -> None:
    try:
        open_sealed(keyring, row.canary, _canary_place(row.key_id))
    except Unopenable:
        raise UnusableSetting(
            ENCRYPTION_KEY, f"cannot open this database's canary for key id {row.key_id}."
        ) from None


def _plant_canary(keyring: Keyring, clock: Clock) -> EncryptionKeyRow:
    key_id = keyring.current.id
    canary = seal(keyring, _CANARY, _canary_place(key_id))
    return EncryptionKeyRow(key_id=key_id, canary=canary, seals=1, created_at=clock.now())


def _canary_place(key_id: str) -> Place:
    return Place("canary", "encryption_keys", key_id, "", "", "", "", 1)


def _make_private(folder: Path) -> None:
    if stat.S_IMODE(folder.stat().st_mode) & 0o077 and folder.stat().st_uid == os.getuid():
        folder.chmod(0o700)


def _make_database_file_private(settings: Settings) -> None:
    """Create the SQLite file for its owner alone; its log files take over the mode."""
    if not settings.uses_sqlite:
        return
    file = Path(settings.database_url.removeprefix("sqlite:///"))
    try:
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError:
        raise UnusableSetting("DATABASE_URL", "names a file that cannot be written.") from None
