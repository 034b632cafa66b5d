"""Queries for the servers that run on this database."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col, select

from keyportal.persistence.tables import ProcessRow

# Whoever has been silent for so long was killed.
SILENT_AFTER = timedelta(seconds=60)
_FORGOTTEN_AFTER = timedelta(days=1)


def running(session: Session, now: datetime) -> list[ProcessRow]:
    """Return the servers that were there a moment ago, in the order they started.

    Their clocks and this one have to agree within a minute.
    """
    seen_at = col(ProcessRow.seen_at)
    query = select(ProcessRow).where(seen_at >= now - SILENT_AFTER, seen_at <= now + SILENT_AFTER)
    return list(session.exec(query.order_by(col(ProcessRow.started_at), col(ProcessRow.id))).all())


def announce(session: Session, row: ProcessRow) -> None:
    """Write that a server is there, also where its row was lost; forget those killed long ago."""
    session.merge(row)
    session.exec(delete(ProcessRow).where(col(ProcessRow.seen_at) < row.seen_at - _FORGOTTEN_AFTER))


def remove(session: Session, process_id: str) -> None:
    session.exec(delete(ProcessRow).where(col(ProcessRow.id) == process_id))
