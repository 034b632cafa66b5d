"""What is asked of a database only when somebody looks whether it is well."""

from datetime import datetime

from sqlalchemy import Table, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel, col, select

from keyportal.persistence.faults import is_no_text
from keyportal.persistence.tables import AuditEventRow

_VERSIONS = {"sqlite": "SELECT sqlite_version()", "postgresql": "SHOW server_version"}


def version_of(session: Session) -> str:
    """Return what the database calls itself, such as `SQLite 3.40.1`."""
    name = session.get_bind().dialect.name
    number = session.connection().execute(text(_VERSIONS[name])).scalar_one()
    return f"{'SQLite' if name == 'sqlite' else 'PostgreSQL'} {str(number).partition(' ')[0]}"


def is_damaged(session: Session) -> bool:
    """Look through every page of SQLite's file. PostgreSQL looks by itself whenever it reads one."""
    if session.get_bind().dialect.name != "sqlite":
        return False
    return session.connection().execute(text("PRAGMA quick_check(1)")).scalar() != "ok"


def newest_event_at(session: Session) -> datetime | None:
    query = select(AuditEventRow.at).order_by(col(AuditEventRow.id).desc()).limit(1)
    return session.exec(query).first()


def unreadable_tables(session: Session) -> list[str]:
    """Read everything there is and return the tables where that does not work.

    SQLite takes any bytes for anything, and looks at none of them when it looks for damage.
    """
    tables = SQLModel.metadata.sorted_tables
    return [table.name for table in tables if not _can_be_read(session, table)]


def _can_be_read(session: Session, table: Table) -> bool:
    try:
        for _ in session.connection().execute(table.select(), execution_options={"yield_per": 1000}):
            pass
    except (ValueError, OperationalError) as problem:
        if not is_no_text(problem):
            raise
        return False
    return True
