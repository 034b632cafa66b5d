"""Opening a portal: data directory, schema, encryption keys. Refuses before anything listens."""

from sqlalchemy.exc import SQLAlchemyError

from keyportal.domain.clock import Clock, SystemClock
from keyportal.domain.errors import (
    StorageDamaged,
    StorageFull,
    StorageReadOnly,
    StorageUnavailable,
    UnusableSetting,
)
from keyportal.persistence import migrate
from keyportal.persistence.engine import Database, take_lock
from keyportal.persistence.faults import FAILURES, fault_of
from keyportal.providers.http import GuardedClient
from keyportal.providers.registry import Registry
from keyportal.services import own_files
from keyportal.services.canaries import CANARY_LOCK, require_right_keys
from keyportal.services.own_files import DATABASE
from keyportal.services.portal import Portal
from keyportal.services.registry import LiveRegistry, TakenNames
from keyportal.settings import Settings
from keyportal.vault.keyring import Keyring


def open_portal(settings: Settings, clock: Clock | None = None, *, may_miss_keys: bool = False) -> Portal:
    """Return a portal ready to serve. Raises UnusableSetting naming what stops the start.

    One that `may_miss_keys` is for whoever looks after the encryption keys: it serves nobody.
    """
    keyring = keyring_from(settings)
    providers = registry_from(settings)
    prepare_files(settings)
    migrate_schema(settings)
    database = _database(settings)
    clock = clock or SystemClock()
    try:
        with database.transaction() as session:
            take_lock(session, CANARY_LOCK)
            require_right_keys(session, keyring, clock, may_miss_keys=may_miss_keys)
    except StorageUnavailable as fault:
        database.dispose()
        raise _unopenable(settings, fault) from None
    except BaseException:
        database.dispose()
        raise
    client = GuardedClient(allowed_origins=providers.allowed_origins)
    registry = LiveRegistry(providers, database, TakenNames.of(settings, providers))
    return Portal(settings, database, keyring, registry, client, clock)


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
    if settings.redis_url is not None and not answers_redis(settings, within_s=3):
        raise UnusableSetting(
            "REDIS_URL", "names a server that does not answer. Start it, or remove the setting."
        )


def answers_redis(settings: Settings, *, within_s: float) -> bool:
    """Tell whether the configured Redis answers."""
    # Only here: whoever does not use it need not wait for it.
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError
    from redis.retry import Retry

    try:
        url, once = str(settings.redis_url), Retry(NoBackoff(), 0)
        with Redis.from_url(
            url, socket_timeout=within_s, socket_connect_timeout=within_s, retry=once
        ) as redis:
            return bool(redis.ping())
    except (RedisError, OSError, ValueError):
        return False


def keyring_from(settings: Settings) -> Keyring:
    """Raises UnusableSetting where no encryption key was given."""
    current = bytes.fromhex(settings.require_encryption_key().reveal())
    return Keyring(current, (bytes.fromhex(k.reveal()) for k in settings.previous_encryption_keys))


def prepare_files(settings: Settings) -> None:
    """Make the data directory and SQLite's file, its owner's alone. Raises UnusableSetting."""
    own_files.prepare_folder(settings)
    own_files.prepare_database_file(settings)
    own_files.keep_private(settings)


def migrate_schema(settings: Settings) -> None:
    """Bring the schema up to date. Raises UnusableSetting if the database cannot be used."""
    _database(settings).dispose()
    try:
        migrate.upgrade_schema(settings.database_url)
    except migrate.NewerSchema as newer:
        raise UnusableSetting(
            DATABASE, f"is a database of a newer release (schema {newer.revision}). Upgrade KeyPortal."
        ) from None
    except migrate.PartlyMigrated as partly:
        raise UnusableSetting(
            DATABASE,
            f"is a database that {partly.what}: it was not migrated whole. Restore it from a backup.",
        ) from None
    except (*FAILURES, SQLAlchemyError, OSError) as problem:
        raise _unopenable(settings, fault_of(problem)) from None


def _database(settings: Settings) -> Database:
    try:
        return Database(settings.database_url)
    except (SQLAlchemyError, ValueError):
        # The library's message repeats pieces of the URL, which holds a password.
        raise UnusableSetting(
            DATABASE, "is not a usable database URL. For example: postgresql://name:password@host/keyportal."
        ) from None


def _unopenable(settings: Settings, fault: StorageUnavailable | None) -> UnusableSetting:
    """Return what to do about a database that does not open. The driver's own words may hold its address."""
    if isinstance(fault, StorageFull):
        return UnusableSetting(DATABASE, "is on a disk that is full. Free some room, then start again.")
    if isinstance(fault, StorageReadOnly):
        return UnusableSetting(DATABASE, "can only be read. Make its file, folder and disk writable.")
    if isinstance(fault, StorageDamaged):
        return UnusableSetting(DATABASE, "names a file that is damaged or no database. Restore a backup.")
    if settings.uses_sqlite:
        return UnusableSetting(
            DATABASE, "names a database that cannot be opened. Is another program using it?"
        )
    return UnusableSetting(
        DATABASE,
        "names a database that cannot be opened. See that the server runs, and that host, port, name and"
        " password are right.",
    )
