"""Writing the audit trail: append-only, allow-listed, each event chained to the one before by an HMAC.

Reading is `audit_search`, proving is `audit_verification`.
"""

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from keyportal.domain.audit import DETAILS, Action, Result
from keyportal.domain.principals import Principal, PrincipalKind
from keyportal.persistence.columns import new_id_of
from keyportal.persistence.release_batches import START as START
from keyportal.persistence.release_batches import Batch, Event, write_in
from keyportal.persistence.tables import AuditEventRow
from keyportal.services.portal import Portal

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
    event = event_of(
        portal,
        principal,
        action,
        details,
        object_id=object_id,
        object_label=object_label,
        address=principal.address,
        at=portal.clock.now(),
        result=result,
    )
    write_in(session, Batch(event.at, [event]), linking(portal))
    return event.uid


def record_several(
    portal: Portal,
    session: Session,
    principal: Principal,
    events: Sequence[tuple[Action, str, str, Mapping[str, Any]]],
) -> None:
    """Append an event for each action, object id, label and details. Call it last, as `record`."""
    now = portal.clock.now()
    batch = Batch(now)
    for action, object_id, label, details in events:
        event = event_of(
            portal,
            principal,
            action,
            details,
            object_id=object_id,
            object_label=label,
            address=principal.address,
            at=now,
        )
        batch.events.append(event)
    if batch.events:
        write_in(session, batch, linking(portal))


def event_of(
    portal: Portal,
    principal: Principal,
    action: Action,
    details: Mapping[str, Any],
    *,
    object_id: str,
    object_label: str,
    address: str,
    at: datetime,
    result: Result = Result.OK,
) -> Event:
    """Return an event without its link. Raises ValueError for a detail that is not on the list."""
    if not details.keys() <= DETAILS:
        raise ValueError(f"audit details not on the list: {sorted(set(details) - DETAILS)}")
    return Event(
        uid=new_id_of(at),
        at=at,
        principal_kind=principal.kind,
        principal_id=principal.agent_key_id or principal.user_id or "",
        principal_label=principal.label[:_LABEL_LIMIT],
        user_id=principal.user_id or "",
        action=action,
        result=result,
        object_id=object_id,
        object_label=object_label[:_LABEL_LIMIT],
        address=address,
        details={k: v for k, v in details.items() if v is not None},
        key_id=portal.keyring.current.id,
    )


def record_refusal(portal: Portal, principal: Principal, route: str, reason: str) -> None:
    """Append a refusal in its own transaction. Strangers are not recorded: they could fill the disk."""
    if principal.kind is PrincipalKind.ANONYMOUS:
        return
    with portal.database.transaction() as session:
        record(portal, session, principal, Action.ACCESS_REFUSED, Result.REFUSED, route=route, reason=reason)


def linking(portal: Portal) -> Callable[[str, Event], str]:
    """Return what gives an event its link behind another's."""
    audit_key = portal.keyring.current.audit
    return lambda before, event: link_of(audit_key, before, event)


def link_of(audit_key: bytes, before: str, row: AuditEventRow | Event) -> str:
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
    return hmac.digest(audit_key, message, "sha256").hex()
