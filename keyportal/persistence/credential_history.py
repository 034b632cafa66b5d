"""Queries for what was done to one stored key."""

from collections.abc import Sequence

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from keyportal.persistence.tables import AuditEventRow

# A busy key is used all the time: further back than this nobody looks for something else.
_LOOKED_AT = 2_000


def history_of(session: Session, credential_id: str, limit: int) -> Sequence[AuditEventRow]:
    """Return the newest events about a key without its uses and the beginnings of its tests."""
    newest = (
        select(AuditEventRow.id)
        .where(AuditEventRow.object_id == credential_id)
        .order_by(col(AuditEventRow.id).desc())
        .limit(_LOOKED_AT)
    )
    usual = or_(
        and_(col(AuditEventRow.action) == "credential.resolve", col(AuditEventRow.result) == "ok"),
        and_(col(AuditEventRow.action) == "credential.check", col(AuditEventRow.result) == "started"),
    )
    query = select(AuditEventRow).where(col(AuditEventRow.id).in_(newest), ~usual)
    return session.exec(query.order_by(col(AuditEventRow.id).desc()).limit(limit)).all()
