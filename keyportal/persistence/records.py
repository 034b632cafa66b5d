"""Queries for what the deployment keeps about itself: settings, canaries, attempts."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from keyportal.persistence.tables import (
    AttemptRow,
    EncryptionKeyRow,
    SettingRow,
)


def read_setting(session: Session, name: str) -> SettingRow | None:
    return session.get(SettingRow, name)


def write_setting(session: Session, name: str, value: str, now: datetime) -> None:
    session.merge(SettingRow(name=name, value=value, updated_at=now))


def delete_setting(session: Session, name: str) -> bool:
    """Delete a setting. Returns False where another call was faster."""
    done = session.exec(delete(SettingRow).where(col(SettingRow.name) == name))
    return done.rowcount == 1


def encryption_keys(session: Session, *, for_update: bool = False) -> list[EncryptionKeyRow]:
    """Return every key this database was written with, the oldest first."""
    query = select(EncryptionKeyRow).order_by(col(EncryptionKeyRow.created_at), col(EncryptionKeyRow.key_id))
    return list(session.exec(query.with_for_update() if for_update else query).all())


def add_encryption_key(session: Session, row: EncryptionKeyRow) -> None:
    session.add(row)
    session.flush()


def count_seal(session: Session, key_id: str, number: int = 1) -> int:
    """Add to a key's seals and return the new number. A key that seals is in use, whatever was said."""
    done = session.exec(
        update(EncryptionKeyRow)
        .where(col(EncryptionKeyRow.key_id) == key_id)
        .values(seals=EncryptionKeyRow.seals + number, retired_at=None, abandoned_at=None)
        .returning(col(EncryptionKeyRow.seals))
    )
    return done.scalar_one()


def find_attempts(session: Session, key: str) -> AttemptRow | None:
    return session.exec(select(AttemptRow).where(AttemptRow.key == key).with_for_update()).first()


def forget_attempts(session: Session, key: str) -> None:
    session.exec(delete(AttemptRow).where(col(AttemptRow.key) == key))


def return_attempt(session: Session, key: str) -> None:
    """Take one away, never below none: a new window may have begun since it was counted."""
    session.exec(
        update(AttemptRow)
        .where(col(AttemptRow.key) == key, col(AttemptRow.count) > 0)
        .values(count=AttemptRow.count - 1)
    )


def forget_old_attempts(session: Session, now: datetime) -> None:
    session.exec(delete(AttemptRow).where(col(AttemptRow.window_ends_at) <= now))
