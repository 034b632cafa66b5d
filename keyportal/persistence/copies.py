"""Whole copies of a database. A copy is always one file of SQLite, whatever it was copied from."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Table, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool
from sqlmodel import Session, SQLModel, col, select

from keyportal.persistence import migrate
from keyportal.persistence.engine import open_engine
from keyportal.persistence.tables import AgentKeyRow, ChangeRow, UserRow

_BATCH = 1000
_CHANGES = SQLModel.metadata.tables[str(ChangeRow.__tablename__)]
# Triggers write the numbers of changes while the other rows come in: the real ones come last.
COPIED = [table for table in SQLModel.metadata.sorted_tables if table is not _CHANGES]


def url_of(file: Path) -> str:
    """Return the address of a file of SQLite, whatever its name is made of."""
    return URL.create("sqlite", database=str(file)).render_as_string()


def file_of(url: str) -> Path:
    return Path(make_url(url).database or "")


def copy_database(url: str, file: Path) -> None:
    """Write all that is in a database at one moment to a new file. Others read and write meanwhile."""
    if url.startswith("sqlite"):
        copy_file(file_of(url), file)
        return
    engine = open_engine(url, is_patient=True, poolclass=NullPool)
    try:
        with engine.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ) as connection:
            copy_out(connection, file)
    finally:
        engine.dispose()


def copy_file(source: Path, file: Path) -> None:
    """Copy a database of SQLite to a new file, in one step: nobody who writes has to wait for it."""
    with closing(sqlite3.connect(source.absolute().as_uri() + "?mode=rw", uri=True)) as connection:
        copy_connected(connection, file)


def copy_connected(source: sqlite3.Connection, file: Path) -> None:
    with _whole_or_gone(file):
        with closing(sqlite3.connect(file)) as target:
            source.backup(target)
        settle(file)


def copy_out(source: Connection, file: Path) -> None:
    """Copy every row a connection sees to a new file of SQLite at the newest schema."""
    with _whole_or_gone(file):
        migrate.upgrade_schema(url_of(file))
        engine = open_engine(url_of(file), poolclass=NullPool)
        try:
            with engine.begin() as target:
                # 64 MB: a long trail's indexes would be read and written again and again.
                target.exec_driver_sql("PRAGMA cache_size=-65536")
                copy_rows(source, target)
        finally:
            engine.dispose()
        settle(file)
    Path(f"{file}.migrate-lock").unlink()


def copy_rows(source: Connection, target: Connection) -> None:
    """Copy every row into tables that are empty, a batch at a time; the numbers of changes are replaced."""
    for table in COPIED:
        _copy_table(source, target, table)
    if target.dialect.name == "postgresql":
        target.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    target.execute(_CHANGES.delete())
    _copy_table(source, target, _CHANGES)


def settle(file: Path) -> None:
    """Leave one file that is the whole database by itself, and have it on the disk."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    sync(file)


def sync(path: Path) -> None:
    """Have a file or a folder on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def damage_of(file: Path) -> str:
    """Return what is wrong with a file of SQLite in words, or nothing. Changes nothing.

    The words name tables and indexes, never what is in them.
    """
    try:
        with closing(sqlite3.connect(file.absolute().as_uri() + "?mode=ro&immutable=1", uri=True)) as found:
            problem = found.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if problem != "ok":
                return str(problem).splitlines()[-1]
            lost = found.execute("PRAGMA foreign_key_check").fetchone()
            return f"a row of {lost[0]} belongs to one of {lost[2]} that is not there" if lost else ""
    except sqlite3.DatabaseError as problem:
        return str(problem)


@contextmanager
def reading(file: Path) -> Iterator[Session]:
    """Yield a session on a copy that leaves the file as it is: one file, and no log beside it."""
    engine = create_engine(url_of(file), poolclass=NullPool)
    try:
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()


def revision_of(file: Path) -> str | None:
    """Return the revision of the schema in a copy; None for what is no database of ours."""
    engine = create_engine(url_of(file), poolclass=NullPool)
    try:
        return migrate.schema_revision(engine)
    except DatabaseError:
        return None
    finally:
        engine.dispose()


def numbers_of(file: Path) -> dict[str, int]:
    """Return the numbers of changes in a copy, by scope; none where it is older than they are."""
    try:
        with reading(file) as session:
            return {row.scope: row.number for row in session.exec(select(ChangeRow))}
    except DatabaseError:
        return {}


def usable_agent_keys(file: Path, now: datetime) -> dict[str, tuple[str, str]]:
    """Return the agent keys a copy would let in: the name and the owner's email, by id."""
    query = (
        select(AgentKeyRow.id, AgentKeyRow.name, UserRow.email)
        .join(UserRow, col(AgentKeyRow.user_id) == col(UserRow.id))
        .where(col(AgentKeyRow.revoked_at).is_(None), col(AgentKeyRow.deleted_at).is_(None))
        .where(col(AgentKeyRow.expires_at) > now, col(UserRow.active))
        .order_by(UserRow.email, AgentKeyRow.name)
    )
    with reading(file) as session:
        return {key_id: (name, email) for key_id, name, email in session.exec(query)}


def _copy_table(source: Connection, target: Connection, table: Table) -> None:
    found = source.execute(table.select(), execution_options={"yield_per": _BATCH})
    for rows in found.mappings().partitions():
        target.execute(table.insert(), [dict(row) for row in rows])


@contextmanager
def _whole_or_gone(file: Path) -> Iterator[None]:
    """Make a new file for its owner alone, and take it away with all beside it where it is not finished."""
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        yield
    except BaseException:
        for ending in ("", "-wal", "-shm", "-journal", ".migrate-lock"):
            Path(f"{file}{ending}").unlink(missing_ok=True)
        raise
