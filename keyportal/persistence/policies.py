"""Queries for the policies: who changed them last."""

from sqlmodel import Session, col, select

from keyportal.persistence.tables import AuditEventRow


def last_event_of(session: Session, action: str) -> AuditEventRow | None:
    query = select(AuditEventRow).where(AuditEventRow.action == action)
    return session.exec(query.order_by(col(AuditEventRow.id).desc()).limit(1)).first()
