"""Giving up an encryption key that is lost: its values are forgotten and have to be entered again."""

from collections.abc import Mapping

from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.errors import EncryptionKeyHeld, InvalidInput
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import processes, records, sealed_values
from keyportal.persistence.engine import take_lock
from keyportal.persistence.sealed_values import CREDENTIALS
from keyportal.persistence.tables import EncryptionKeyRow
from keyportal.services import audit
from keyportal.services.acting import acting
from keyportal.services.encryption_keys import server_name
from keyportal.services.portal import Portal
from keyportal.services.sealed_columns import FOLLOWING
from keyportal.services.trail_links import digests_of_unproven
from keyportal.vault.sealed import key_id_of

_LOCK = 742031


def count_lost(portal: Portal, principal: Principal, key_id: str) -> int:
    """Return how many API keys would have to be entered again. Raises as `abandon`; changes nothing."""
    principal.require(Permission.ENCRYPTION_KEY_ABANDON)
    with portal.database.reading() as session:
        _require_lost(portal, session, key_id)
        counts = sealed_values.count_by_key(session, CREDENTIALS)
    return sum(count for (found, _), count in counts.items() if found == key_id)


def abandon(portal: Portal, principal: Principal, key_id: str) -> int:
    """Forget every value this key sealed and return how many API keys wait for theirs now.

    Names, links, order and counts stay. The trail's events under this key cannot be verified any more,
    unless what verifies them was kept under a later key. Raises InvalidInput for an id that is none of
    this database's, EncryptionKeyHeld for a key that is not lost.
    """
    principal.require(Permission.ENCRYPTION_KEY_ABANDON)
    with portal.database.reading() as session:
        _require_lost(portal, session, key_id)
        unproven = digests_of_unproven(portal, session)
    with acting(portal, principal) as session:
        take_lock(session, _LOCK)
        row = _require_lost(portal, session, key_id)
        lost = [row, *_kept_under(portal, session, key_id)]
        wiped = {column.stored: sealed_values.wipe(session, column.stored, key_id) for column in FOLLOWING}
        count = wiped[CREDENTIALS]
        if row.abandoned_at is None or any(wiped.values()):
            _record(portal, session, principal, lost, count, unproven)
    return count


def _kept_under(portal: Portal, session: Session, key_id: str) -> list[EncryptionKeyRow]:
    """Return former keys of which only this one still knew how to verify their events."""
    return [
        row
        for row in records.encryption_keys(session)
        if row.key_id != key_id
        and row.audit_key is not None
        and key_id_of(row.audit_key) == key_id
        and not portal.keyring.holds(row.key_id)
    ]


def _record(
    portal: Portal,
    session: Session,
    principal: Principal,
    lost: list[EncryptionKeyRow],
    count: int,
    unproven: Mapping[str, str],
) -> None:
    """Mark the keys, and say on the trail which events cannot be verified from now on, and why."""
    for row in lost:
        row.abandoned_at = portal.clock.now()
        session.add(row)
    session.flush()
    events = [
        (
            Action.ENCRYPTION_KEY_ABANDON,
            row.key_id,
            row.key_id,
            {"count": count if row is lost[0] else None, "unproven": unproven.get(row.key_id)},
        )
        for row in lost
    ]
    audit.record_several(portal, session, principal, events)


def _require_lost(portal: Portal, session: Session, key_id: str) -> EncryptionKeyRow:
    row = next((row for row in records.encryption_keys(session) if row.key_id == key_id), None)
    if row is None:
        raise InvalidInput(
            "This database was never written with an encryption key of this id."
            " `encryption-key status` lists those it knows.",
            field="key_id",
        )
    if portal.keyring.holds(key_id):
        raise EncryptionKeyHeld(
            "This encryption key is configured here, so nothing is lost. Rotate it instead."
        )
    holders = [s for s in processes.running(session, portal.clock.now()) if key_id in s.key_ids]
    if holders:
        raise EncryptionKeyHeld(
            f"A running server still holds this encryption key: {', '.join(server_name(s) for s in holders)}."
            " Do not stop it before you know where its settings come from: the key may be there."
        )
    return row
