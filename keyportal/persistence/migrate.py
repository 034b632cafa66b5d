"""Bring the schema up to date at start-up, under a lock, safe with several processes."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.pool import NullPool

from keyportal.persistence.engine import open_engine

_SCRIPTS = Path(__file__).resolve().parents[2] / "alembic"
_LOCK_NUMBER = 742001


class NewerSchema(Exception):
    """The database stands at a revision this release has never heard of."""

    def __init__(self, revision: str) -> None:
        super().__init__(revision)
        self.revision = revision


def upgrade_schema(url: str) -> None:
    """Apply every migration this release knows. One process does it, the others wait.

    Nothing connects before the lock is held: two first connections to one new SQLite file would
    both switch its journal, and the loser fails without waiting. Raises NewerSchema.
    """
    engine = open_engine(url, poolclass=NullPool)
    try:
        with _file_lock(engine):
            revision = schema_revision(engine)
            if revision is not None and not knows_revision(revision):
                raise NewerSchema(revision)
            if revision == newest_revision():
                return
            with engine.begin() as connection:
                if engine.dialect.name == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK_NUMBER})
                _upgrade(connection)
    finally:
        engine.dispose()


def schema_revision(engine: Engine) -> str | None:
    """Return the revision the database stands at; None for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


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
def _file_lock(engine: Engine) -> Iterator[None]:
    if engine.dialect.name != "sqlite" or not engine.url.database:
        yield
        return
    with Path(f"{engine.url.database}.migrate-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
