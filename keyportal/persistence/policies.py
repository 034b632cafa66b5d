"""Queries for the policies: who changed them last."""

from collections.abc import Collection

from sqlmodel import Session, col, select

from keyportal.persistence.tables import AuditEventRow

# Who changed one policy is looked for in this many of the newest changes.
_LOOKED_THROUGH = 200


def last_event_of(session: Session, action: str) -> AuditEventRow | None:
    query = select(AuditEventRow).where(AuditEventRow.action == action)
    return session.exec(query.order_by(col(AuditEventRow.id).desc()).limit(1)).first()


def last_change_of(session: Session, action: str, names: Collection[str]) -> AuditEventRow | None:
    """Return the newest event whose `changed` has one of these names."""
    query = select(AuditEventRow).where(AuditEventRow.action == action)
    newest = session.exec(query.order_by(col(AuditEventRow.id).desc()).limit(_LOOKED_THROUGH))
    return next((row for row in newest if not set(names).isdisjoint(row.details.get("changed", ()))), None)
