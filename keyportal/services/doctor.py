"""What an operator wants to know when something is off: each part, ok or what to do."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from keyportal.domain.clock import SystemClock
from keyportal.domain.errors import KeyPortalError, UnusableSetting
from keyportal.persistence import migrate, records
from keyportal.persistence.engine import Database
from keyportal.providers.http import GuardedClient
from keyportal.providers.registry import Registry
from keyportal.services import audit_verification, first_run
from keyportal.services.portal import Portal
from keyportal.services.registry import LiveRegistry
from keyportal.services.start_up import keyring_from, registry_from, require_redis, require_right_keys
from keyportal.settings import Settings


@dataclass(frozen=True)
class Finding:
    """One part that was looked at. `advice` says what to do where it is not ok."""

    part: str
    is_ok: bool
    advice: str


def examine(settings: Settings) -> list[Finding]:
    """Look at settings, database, schema, encryption key and audit trail. Changes nothing."""
    findings = [_look("settings", lambda: _settings(settings))]
    if not first_run.has_database(settings):
        return [
            *findings,
            Finding("database", False, "There is none yet. `python -m keyportal serve` makes it."),
        ]
    database = Database(settings.database_url)
    try:
        for part, examination in (
            ("database", lambda: _database(database)),
            ("schema", lambda: _schema(database)),
            ("encryption key", lambda: _encryption_key(settings, database)),
            ("audit trail", lambda: _audit_trail(settings, database)),
        ):
            findings.append(_look(part, examination))
            if not findings[-1].is_ok:
                break
    finally:
        database.dispose()
    return findings


def _look(part: str, examination: Callable[[], str]) -> Finding:
    try:
        return Finding(part, True, examination())
    except KeyPortalError as problem:
        return Finding(part, False, problem.message)
    except SQLAlchemyError:
        return Finding(part, False, "The database did not answer. Check DATABASE_URL and that it runs.")


def _settings(settings: Settings) -> str:
    registry_from(settings)
    require_redis(settings)
    return f"listens on {settings.host}:{settings.port}, opened in browsers as {settings.public_url}"


def _database(database: Database) -> str:
    with database.reading() as session:
        session.connection().execute(text("SELECT 1"))
    return "SQLite" if database.is_sqlite else "PostgreSQL"


def _schema(database: Database) -> str:
    found, newest = migrate.schema_revision(database.engine), migrate.newest_revision()
    if found is not None and not migrate.knows_revision(found):
        raise UnusableSetting("DATABASE_URL", f"has schema {found} of a newer release. Upgrade KeyPortal.")
    if found != newest:
        raise UnusableSetting(
            "DATABASE_URL", f"has schema {found}, this release has {newest}. The next start migrates it."
        )
    return f"revision {found}"


def _encryption_key(settings: Settings, database: Database) -> str:
    keyring = keyring_from(settings)
    with database.reading() as session:
        if not records.encryption_keys(session):
            raise UnusableSetting("DATABASE_URL", "holds no canary yet. The next start plants it.")
        require_right_keys(session, keyring, SystemClock())
        needed = records.sealed_key_ids(session)
    missing = sorted(key_id for key_id in needed if not keyring.holds(key_id))
    if missing:
        raise UnusableSetting("API_KEY_ENCRYPTION_KEY_PREVIOUS", f"lacks key id {', '.join(missing)}.")
    return f"key id {keyring.current.id} opens this database"


def _audit_trail(settings: Settings, database: Database) -> str:
    portal = Portal(
        settings,
        database,
        keyring_from(settings),
        LiveRegistry(Registry.of({}), database),
        GuardedClient(frozenset()),
        SystemClock(),
    )
    report = audit_verification.verify_chain(portal)
    if report.broken_at is not None:
        raise KeyPortalError(f"Event {report.broken_at} was changed or removed. Compare it with a backup.")
    return f"{report.events} events, unbroken"
