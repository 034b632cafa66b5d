"""Queries for invitations and password resets. One is looked up by its digest alone."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from keyportal.persistence.tables import OneTimeLinkRow


def find_open_link(session: Session, kind: str, digest: str, now: datetime) -> OneTimeLinkRow | None:
    query = select(OneTimeLinkRow).where(
        OneTimeLinkRow.digest == digest,
        OneTimeLinkRow.kind == kind,
        col(OneTimeLinkRow.used_at).is_(None),
        col(OneTimeLinkRow.expires_at) > now,
    )
    return session.exec(query).first()


def use_link(session: Session, kind: str, digest: str, now: datetime) -> bool:
    """Use a link up. Returns False where another call was faster, or it ended."""
    done = session.exec(
        update(OneTimeLinkRow)
        .where(
            col(OneTimeLinkRow.digest) == digest,
            col(OneTimeLinkRow.kind) == kind,
            col(OneTimeLinkRow.used_at).is_(None),
            col(OneTimeLinkRow.expires_at) > now,
        )
        .values(used_at=now)
    )
    return done.rowcount == 1


def end_links_of(session: Session, user_id: str) -> None:
    """Delete every link of a person, used or not: what happened with them is on the trail."""
    session.exec(delete(OneTimeLinkRow).where(col(OneTimeLinkRow.user_id) == user_id))


def open_links_of(session: Session, user_ids: list[str], now: datetime) -> dict[str, datetime]:
    """Return until when the open link of each of these people holds."""
    query = select(OneTimeLinkRow.user_id, OneTimeLinkRow.expires_at).where(
        col(OneTimeLinkRow.user_id).in_(user_ids),
        col(OneTimeLinkRow.used_at).is_(None),
        col(OneTimeLinkRow.expires_at) > now,
    )
    return dict(session.exec(query).all())
