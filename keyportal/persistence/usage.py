"""Queries for how often keys were handed out, day by day."""

from datetime import date
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from keyportal.persistence.tables import UsageDayRow

_KEY = ["day", "provider", "source", "credential_id", "agent_key_id"]


def add_use(
    session: Session, day: date, *, provider: str, source: str, credential_id: str, agent_key_id: str
) -> None:
    """Add one use to a day (UTC). The addition happens in the database, so no two callers lose one."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(UsageDayRow).values(
        day=day,
        provider=provider,
        source=source,
        credential_id=credential_id,
        agent_key_id=agent_key_id,
        count=1,
    )
    raised = {"count": col(UsageDayRow.count) + 1}
    session.connection().execute(statement.on_conflict_do_update(index_elements=_KEY, set_=raised))


def usage_of(session: Session, credential_id: str, since: date) -> list[tuple[date, int]]:
    """Return the days from this one on with at least one use of a key, oldest first, and how many."""
    query = (
        select(col(UsageDayRow.day), func.sum(UsageDayRow.count))
        .where(UsageDayRow.credential_id == credential_id, col(UsageDayRow.day) >= since)
        .group_by(col(UsageDayRow.day))
        .order_by(col(UsageDayRow.day))
    )
    return [(day, int(count)) for day, count in session.exec(query).all()]
