"""Writing the audit trail: append-only, allow-listed, each event chained to the one before by an HMAC.

Reading is `audit_search`, proving is `audit_verification`.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlmodel import Session

from keyportal.domain.audit import DETAILS, Action, Result
from keyportal.domain.principals import Principal, PrincipalKind
from keyportal.persistence import audit_events
from keyportal.persistence.engine import take_lock
from keyportal.persistence.tables import AuditEventRow
from keyportal.services.portal import Portal
from keyportal.vault.keyring import EncryptionKey

_CHAIN_LOCK = 742003
START = "0" * 64
_LABEL_LIMIT = 200


def record(
    portal: Portal,
    session: Session,
    principal: Principal,
    action: Action,
    result: Result = Result.OK,
    *,
    object_id: str = "",
    object_label: str = "",
    **details: Any,
) -> str:
    """Append one event inside the caller's transaction and return its public id.

    Call it last: on PostgreSQL the chain is locked from here to the commit.
    """
    row = _row(portal, principal, action, result, object_id, object_label, details)
    _append(portal, session, [row])
    return row.uid


def record_several(
    portal: Portal,
    session: Session,
    principal: Principal,
    events: Sequence[tuple[Action, str, str, Mapping[str, Any]]],
) -> None:
    """Append an event for each action, object id, label and details. Call it last, as `record`."""
    rows = [
        _row(portal, principal, action, Result.OK, object_id, label, details)
        for action, object_id, label, details in events
    ]
    if rows:
        _append(portal, session, rows)


def _row(
    portal: Portal,
    principal: Principal,
    action: Action,
    result: Result,
    object_id: str,
    object_label: str,
    details: Mapping[str, Any],
) -> AuditEventRow:
    if unknown := set(details) - DETAILS:
        raise ValueError(f"audit details not on the list: {sorted(unknown)}")
    return AuditEventRow(
        at=portal.clock.now(),
        principal_kind=principal.kind,
        principal_id=principal.agent_key_id or principal.user_id or "",
        principal_label=principal.label[:_LABEL_LIMIT],
        user_id=principal.user_id or "",
        action=action,
        result=result,
        object_id=object_id,
        object_label=object_label[:_LABEL_LIMIT],
        address=principal.address,
        details={k: v for k, v in details.items() if v is not None},
        key_id=portal.keyring.current.id,
        chain="",
    )


def _append(portal: Portal, session: Session, rows: Sequence[AuditEventRow]) -> None:
    """Link the events to the trail in their order; their numbers follow it."""
    take_lock(session, _CHAIN_LOCK)
    last = audit_events.last_event(session)
    before = last.chain if last else START
    for row in rows:
        row.chain = before = link_of(portal.keyring.current, before, row)
    session.add_all(rows)
    session.flush()


def record_refusal(portal: Portal, principal: Principal, route: str, reason: str) -> None:
    """Append a refusal in its own transaction. Strangers are not recorded: they could fill the disk."""
    if principal.kind is PrincipalKind.ANONYMOUS:
        return
    with portal.database.transaction() as session:
        record(portal, session, principal, Action.ACCESS_REFUSED, Result.REFUSED, route=route, reason=reason)


def link_of(key: EncryptionKey, before: str, row: AuditEventRow) -> str:
    """Return HMAC-SHA256 over the link before and every column of this event."""
    parts = [
        before,
        row.uid,
        row.at.isoformat(timespec="microseconds"),
        row.principal_kind,
        row.principal_id,
        row.principal_label,
        row.action,
        row.result,
        row.object_id,
        row.object_label,
        row.address,
        json.dumps(row.details, sort_keys=True, ensure_ascii=True),
        row.key_id,
    ]
    if row.user_id:
        # Events of before this column was there have none, and keep their link.
        parts.append(row.user_id)
    message = json.dumps([str(p) for p in parts], ensure_ascii=True).encode()
    return hmac.new(key.audit, message, sha256).hexdigest()
