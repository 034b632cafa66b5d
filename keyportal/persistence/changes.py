"""The numbers of what changed: read first, they say how old everything read after them may be."""

from sqlmodel import Session, col, select

from keyportal.persistence.tables import ChangeRow

# The last number of all, and the scope of what concerns everybody.
LAST, EVERYBODY = "", "*"


def latest(session: Session) -> tuple[int, int]:
    """Return the number of the last change of all, and of the last that concerns everybody (0: none)."""
    query = select(ChangeRow.scope, ChangeRow.number).where(col(ChangeRow.scope).in_([LAST, EVERYBODY]))
    found = dict(session.exec(query).all())
    return found[LAST], found.get(EVERYBODY, 0)
