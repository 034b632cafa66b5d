"""Queries for the sessions of signed-in browsers. A live one is not ended, not expired and not idle."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from keyportal.persistence.tables import SessionRow, UserRow

# Open ones of one person: all that a list shows.
MOST = 100


def find_session(
    session: Session, digest: str, now: datetime, idle_since: datetime
) -> tuple[SessionRow, UserRow] | None:
    """Return a live session with its active person."""
    query = (
        select(SessionRow, UserRow)
        .join(UserRow, col(UserRow.id) == col(SessionRow.user_id))
        .where(SessionRow.digest == digest, *_live(now, idle_since), col(UserRow.active).is_(True))
    )
    return session.exec(query).first()


def live_digests(session: Session, digests: Iterable[str], now: datetime, idle_since: datetime) -> set[str]:
    """Return those of the digests whose sessions are still live."""
    return {d for d in digests if find_session(session, d, now, idle_since) is not None}


def live_sessions_of(
    session: Session, user_id: str, now: datetime, idle_since: datetime
) -> Sequence[SessionRow]:
    """Return a person's live sessions, the one seen last first; of a great many, the first hundred."""
    query = select(SessionRow).where(SessionRow.user_id == user_id, *_live(now, idle_since))
    order = (col(SessionRow.last_seen_at).desc(), col(SessionRow.created_at).desc(), col(SessionRow.id))
    return session.exec(query.order_by(*order).limit(MOST)).all()


def sessions_open(
    session: Session, user_ids: Sequence[str], now: datetime, idle_since: datetime
) -> dict[str, int]:
    """Return how many live sessions each of these people has; nobody without any."""
    query = (
        select(SessionRow.user_id, func.count())
        .where(col(SessionRow.user_id).in_(user_ids), *_live(now, idle_since))
        .group_by(col(SessionRow.user_id))
    )
    return dict(session.exec(query).all())


def touch_session(session: Session, digest: str, now: datetime) -> None:
    session.exec(update(SessionRow).where(col(SessionRow.digest) == digest).values(last_seen_at=now))


def end_session(session: Session, digest: str, now: datetime) -> bool:
    """End one session. Returns False where it had ended before."""
    return _end(session, now, col(SessionRow.digest) == digest) == 1


def end_session_of(session: Session, user_id: str, session_id: str, now: datetime) -> bool:
    """End one session of a person by its public id. Returns False where there is none that is open."""
    return _end(session, now, col(SessionRow.user_id) == user_id, col(SessionRow.id) == session_id) == 1


def end_sessions_of(session: Session, user_id: str, now: datetime, *, but: str | None = None) -> int:
    """End all sessions of a person, but the one with this digest. Returns how many were open."""
    lock_sessions_of(session, user_id)
    wanted: list[Any] = [col(SessionRow.user_id) == user_id]
    return _end(session, now, *wanted, *([col(SessionRow.digest) != but] if but else []))


def end_oldest_of(session: Session, user_id: str, now: datetime, idle_since: datetime) -> int:
    """Make room for one more session: end those seen longest ago. Returns how many were too many."""
    lock_sessions_of(session, user_id)
    query = select(SessionRow.digest).where(SessionRow.user_id == user_id, *_live(now, idle_since))
    order = (col(SessionRow.last_seen_at).desc(), col(SessionRow.created_at).desc(), col(SessionRow.id))
    too_many = session.exec(query.order_by(*order).offset(MOST - 1)).all()
    return _end(session, now, col(SessionRow.digest).in_(too_many)) if too_many else 0


def lock_sessions_of(session: Session, user_id: str) -> None:
    """Lock a person's open sessions in one order for everybody: two calls that end them never deadlock."""
    query = select(SessionRow.digest).where(SessionRow.user_id == user_id, col(SessionRow.ended_at).is_(None))
    session.exec(query.order_by(col(SessionRow.digest)).with_for_update()).all()


def _end(session: Session, now: datetime, *wanted: Any) -> int:
    done = session.exec(
        update(SessionRow).where(*wanted, col(SessionRow.ended_at).is_(None)).values(ended_at=now)
    )
    return done.rowcount


def _live(now: datetime, idle_since: datetime) -> tuple[Any, ...]:
    return (
        col(SessionRow.ended_at).is_(None),
        col(SessionRow.expires_at) > now,
        col(SessionRow.last_seen_at) > idle_since,
    )
