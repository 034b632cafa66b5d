"""Bring the schema up to date at start-up, under a lock, safe with several processes."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.pool import NullPool
from sqlmodel import Session

from keyportal.persistence.engine import open_engine
from keyportal.persistence.schema_checks import has_tables_of_ours, missing_of

_SCRIPTS = Path(__file__).resolve().parents[2] / "alembic"
_LOCK_NUMBER = 742001
_REVISIONS = text("SELECT version_num FROM alembic_version")


class NewerSchema(Exception):
    """The database stands at a revision this release has never heard of."""

    def __init__(self, revision: str) -> None:
        super().__init__(revision)
        self.revision = revision


class PartlyMigrated(Exception):
    """The schema is none that a migration leaves behind. `what` says in which way."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def upgrade_schema(url: str) -> None:
    """Apply every migration this release knows. One process does it, the others wait.

    Nothing connects before the lock is held: two first connections to one new SQLite file would
    both switch its journal, and the loser fails without waiting. Raises NewerSchema, PartlyMigrated.
    """
    engine = open_engine(url, is_patient=True, poolclass=NullPool)
    try:
        with start_lock(engine):
            if require_known_schema(engine) != newest_revision():
                with engine.begin() as connection:
                    if engine.dialect.name == "postgresql":
                        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK_NUMBER})
                    _upgrade(connection)
            require_whole_schema(engine)
    finally:
        engine.dispose()


def require_known_schema(engine: Engine) -> str | None:
    """Return the revision, which this release knows. Raises NewerSchema, PartlyMigrated."""
    revision = schema_revision(engine)
    if revision is None:
        with engine.connect() as connection:
            has_tables = has_tables_of_ours(connection)
        # Looked at again: another process may have made them just now.
        revision = schema_revision(engine)
        if has_tables and revision is None:
            raise PartlyMigrated("has tables, and no revision they stand at")
    if revision is not None and not knows_revision(revision):
        raise NewerSchema(revision)
    return revision


def require_whole_schema(engine: Engine) -> None:
    """Look at a schema of the newest revision. Raises PartlyMigrated."""
    with engine.connect() as connection:
        missing = missing_of(connection)
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise PartlyMigrated(f"lacks the {missing[0]}{more}")


def schema_revision(engine: Engine) -> str | None:
    """Return the revision the database stands at; None for an empty one. Raises PartlyMigrated."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revisions = connection.execute(_REVISIONS).scalars().all()
    if len(revisions) > 1:
        raise PartlyMigrated(f"stands at {len(revisions)} revisions at once")
    return revisions[0] if revisions else None


def revisions_in(session: Session) -> Sequence[str]:
    """Return what stands in a database that was migrated before."""
    return session.connection().execute(_REVISIONS).scalars().all()


def newest_revision() -> str:
    return max(_revisions())


def knows_revision(revision: str) -> bool:
    """Tell whether this release has ever heard of a revision; if not, the data is newer."""
    return revision in _revisions()


def _revisions() -> set[str]:
    """Return the numbers the migrations' files begin with, which are their revisions."""
    return {file.name.partition("_")[0] for file in (_SCRIPTS / "versions").glob("[0-9]*.py")}


def _upgrade(connection: Connection) -> None:
    # Only here: most starts find everything up to date, and reading the library takes longer than that.
    from alembic import command

    command.upgrade(_config(connection), "head")


def _config(connection: Connection) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


@contextmanager
def start_lock(engine: Engine) -> Iterator[None]:
    """Keep every other start on a file of SQLite waiting."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        yield
        return
    with Path(f"{engine.url.database}.migrate-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
