"""Queries for the checks that are running in this deployment."""

from datetime import datetime

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from keyportal.persistence.tables import CheckSlotRow


def taken_slots(session: Session, person: str, now: datetime) -> tuple[int, int]:
    """Return how many are taken, and by this person, after forgetting those that a crash left behind."""
    session.exec(delete(CheckSlotRow).where(col(CheckSlotRow.expires_at) <= now))
    holders = select(CheckSlotRow.person, func.count()).group_by(col(CheckSlotRow.person))
    counts = dict(session.exec(holders).all())
    return sum(counts.values()), counts.get(person, 0)


def add_slot(session: Session, row: CheckSlotRow) -> None:
    session.add(row)
    session.flush()


def free_slot(session: Session, slot_id: str) -> None:
    session.exec(delete(CheckSlotRow).where(col(CheckSlotRow.id) == slot_id))
