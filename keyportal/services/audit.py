"""The audit trail: append-only, allow-listed, each event chained to the one before by an HMAC."""

import hmac
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlmodel import Session

from keyportal.domain.audit import DETAILS, Action, Result
from keyportal.domain.principals import Principal, PrincipalKind
from keyportal.persistence import records
from keyportal.persistence.engine import take_lock
from keyportal.persistence.tables import AuditEventRow
from keyportal.services.portal import Portal
from keyportal.vault.keyring import EncryptionKey, UnknownKeyId

_CHAIN_LOCK = 742003
_START = "0" * 64
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
    if unknown := set(details) - DETAILS:
        raise ValueError(f"audit details not on the list: {sorted(unknown)}")
    take_lock(session, _CHAIN_LOCK)
    row = AuditEventRow(
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
    before = records.last_event(session)
    row.chain = _link(portal.keyring.current, before.chain if before else _START, row)
    session.add(row)
    session.flush()
    return row.uid


def record_refusal(portal: Portal, principal: Principal, route: str, reason: str) -> None:
    """Append a refusal in its own transaction. Strangers are not recorded: they could fill the disk."""
    if principal.kind is PrincipalKind.ANONYMOUS:
        return
    with portal.database.transaction() as session:
        record(portal, session, principal, Action.ACCESS_REFUSED, Result.REFUSED, route=route, reason=reason)


@dataclass(frozen=True)
class ChainReport:
    """How many events were read, and the number of the first that does not fit (None if all do)."""

    events: int
    broken_at: int | None


def verify_chain(portal: Portal) -> ChainReport:
    """Walk the whole trail and recompute every link."""
    before, count = _START, 0
    with portal.database.reading() as session:
        for row in records.events_in_order(session):
            try:
                expected = _link(portal.keyring.get(row.key_id), before, row)
            except UnknownKeyId:
                return ChainReport(count, row.id)
            if not hmac.compare_digest(expected, row.chain):
                return ChainReport(count, row.id)
            before, count = row.chain, count + 1
    return ChainReport(count, None)


def _link(key: EncryptionKey, before: str, row: AuditEventRow) -> str:
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
