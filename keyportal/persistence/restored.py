"""What is put right in a copy before it takes a database's place."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, insert, update
from sqlmodel import Session, col, select

from keyportal.persistence.changes import EVERYBODY, LAST
from keyportal.persistence.tables import ChangeRow, CheckSlotRow, ProcessRow, SessionRow


def end_what_was_under_way(session: Session, now: datetime) -> None:
    """End every session, and forget the servers and the tests that ran when the copy was made."""
    session.exec(update(SessionRow).where(col(SessionRow.ended_at).is_(None)).values(ended_at=now))
    session.exec(delete(ProcessRow))
    session.exec(delete(CheckSlotRow))


def count_on_from(session: Session, others: Mapping[str, int]) -> None:
    """Number a change of everything that is later than any on either side.

    Whoever remembers something of the database that was there has to read it anew.
    """
    own = dict(session.exec(select(ChangeRow.scope, ChangeRow.number)).all())
    latest = max([*own.values(), *others.values()]) + 1
    scopes = {LAST, EVERYBODY, *own, *others}
    session.exec(delete(ChangeRow))
    session.connection().execute(
        insert(ChangeRow), [{"scope": scope, "number": latest} for scope in sorted(scopes)]
    )
