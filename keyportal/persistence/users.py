"""Queries for people and their sessions."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from keyportal.domain.principals import Role
from keyportal.persistence.tables import SessionRow, UserRow


def find_user(session: Session, user_id: str, *, for_update: bool = False) -> UserRow | None:
    return session.get(UserRow, user_id, with_for_update=for_update or None)


def find_user_by_email(session: Session, email_key: str) -> UserRow | None:
    return session.exec(select(UserRow).where(UserRow.email_key == email_key)).first()


def has_admin(session: Session) -> bool:
    query = select(UserRow.id).where(UserRow.role == Role.ADMIN)
    return session.exec(query.limit(1)).first() is not None


def find_session(
    session: Session, digest: str, now: datetime, idle_since: datetime
) -> tuple[SessionRow, UserRow] | None:
    """Return a live session with its active person: not ended, not expired, not idle."""
    query = (
        select(SessionRow, UserRow)
        .join(UserRow, col(UserRow.id) == col(SessionRow.user_id))
        .where(
            SessionRow.digest == digest,
            col(SessionRow.ended_at).is_(None),
            col(SessionRow.expires_at) > now,
            col(SessionRow.last_seen_at) > idle_since,
            col(UserRow.active).is_(True),
        )
    )
    return session.exec(query).first()


def live_digests(session: Session, digests: Iterable[str], now: datetime, idle_since: datetime) -> set[str]:
    """Return those of the digests whose sessions are still live."""
    return {d for d in digests if find_session(session, d, now, idle_since) is not None}


def touch_session(session: Session, digest: str, now: datetime) -> None:
    session.exec(update(SessionRow).where(col(SessionRow.digest) == digest).values(last_seen_at=now))


def end_session(session: Session, digest: str, now: datetime) -> bool:
    """End one session. Returns False where it had ended before."""
    done = session.exec(
        update(SessionRow)
        .where(col(SessionRow.digest) == digest, col(SessionRow.ended_at).is_(None))
        .values(ended_at=now)
    )
    return done.rowcount == 1
