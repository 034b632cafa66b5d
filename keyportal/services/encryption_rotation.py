"""Re-sealing everything with the current encryption key while others work, and retiring former keys.

Each value is swapped only where the one that was read still stands: an edit meanwhile wins. Whatever ends a
rotation, it goes on from where it was when it is begun again.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.errors import (
    ProcessLacksKey,
    ResealingUnderWay,
    StorageUnavailable,
    Unopenable,
    UnusableSetting,
)
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import processes, records, sealed_values
from keyportal.persistence.engine import take_lock
from keyportal.persistence.sealed_values import CREDENTIALS, Swap
from keyportal.services import audit
from keyportal.services.acting import acting
from keyportal.services.canaries import PREVIOUS, is_needed, keep_audit_key
from keyportal.services.encryption_keys import (
    EncryptionStatus,
    lagging_in,
    mark_damaged,
    server_name,
    status_in,
)
from keyportal.services.portal import Portal
from keyportal.services.rotation_marks import RotationMark, let_go, new_mark, write_mark
from keyportal.services.sealed_columns import FOLLOWING, SealedColumn, needs
from keyportal.services.sealing import count_seals
from keyportal.vault.sealed import key_id_of, open_sealed, seal

_LOCK = 742031
# Few enough that nobody waits long for the rows, or for SQLite's one writer.
BATCH = 200


@dataclass(frozen=True)
class RotationReport:
    """What a rotation did. `remaining` values were sealed by others meanwhile with a former key."""

    resealed: int
    damaged: int
    remaining: int
    retired_ids: tuple[str, ...]


def rotate(
    portal: Portal, principal: Principal, on_progress: Callable[[int, int], None] | None = None
) -> RotationReport:
    """Seal every value anew that a former key sealed, then take out of use what nothing needs any more.

    `on_progress` is told how many of how many are done. Doing it again does nothing. Raises
    ResealingUnderWay, ProcessLacksKey, and UnusableSetting where a former key is missing.
    """
    principal.require(Permission.ENCRYPTION_KEY_ROTATE)
    begun = _begin(portal, principal)
    if begun is None:
        return RotationReport(0, 0, 0, ())
    before, mark = begun
    try:
        for column in FOLLOWING:
            mark = _reseal(
                portal, column, mark, lambda done: on_progress and on_progress(done, before.remaining)
            )
        return _finish(portal, principal, mark)
    except BaseException:
        with suppress(StorageUnavailable), portal.database.transaction() as session:
            let_go(session, mark, portal.clock.now())
        raise


def _begin(portal: Portal, principal: Principal) -> tuple[EncryptionStatus, RotationMark] | None:
    """Say that a rotation runs; return None where there is nothing to do."""
    with acting(portal, principal) as session:
        take_lock(session, _LOCK)
        found = status_in(portal, session)
        if found.rotation is not None and found.rotation.is_running:
            raise ResealingUnderWay
        _require_all_hold_it(found)
        if found.missing_ids:
            raise UnusableSetting(
                PREVIOUS, f"lacks key id {', '.join(found.missing_ids)}. Add it, then rotate."
            )
        if found.is_settled or found.waits_for_restart:
            return None
        now = portal.clock.now()
        mark = new_mark(principal.label, found.current_id, now)
        write_mark(session, mark, now)
        audit.record(
            portal,
            session,
            principal,
            Action.ENCRYPTION_KEY_ROTATE,
            Result.STARTED,
            object_id=found.current_id,
            object_label=found.current_id,
            count=found.remaining,
        )
    return found, mark


def _require_all_hold_it(found: EncryptionStatus) -> None:
    if found.lagging:
        raise ProcessLacksKey(
            f"Running without key id {found.current_id}: {', '.join(found.lagging)}. What is sealed with it"
            " could not be opened there. Restart it with the new settings, then rotate."
        )


def _reseal(
    portal: Portal, column: SealedColumn, mark: RotationMark, on_progress: Callable[[int], object]
) -> RotationMark:
    after = ""
    while True:
        with portal.database.reading() as session:
            rows = sealed_values.batch_of(
                session, column.stored, after, BATCH, but_key_id=portal.keyring.current.id
            )
            known = {row.key_id for row in records.encryption_keys(session)}
        if not rows:
            return mark
        # Outside of the transaction that writes: others want the database meanwhile.
        swaps = [swap for row in rows if (swap := _sealed_anew(portal, column, row)) is not None]
        damaged = [row for row in _others(rows, swaps) if _should_open(portal, known, row)]
        mark = replace(mark, damaged=mark.damaged + len(damaged))
        with portal.database.transaction() as session:
            mark = _put_in_place(portal, session, column, swaps, mark)
        if column.stored is CREDENTIALS:
            mark_damaged(portal, damaged)
        after = rows[-1][0]
        on_progress(mark.resealed + mark.damaged)


def _put_in_place(
    portal: Portal, session: Session, column: SealedColumn, swaps: Sequence[Swap], mark: RotationMark
) -> RotationMark:
    # Rows before the count: who saves a key holds its row when counting, too.
    done = sealed_values.swap(session, column.stored, swaps) if swaps else 0
    count_seals(portal, session, len(swaps))
    mark = replace(mark, resealed=mark.resealed + done)
    write_mark(session, mark, portal.clock.now())
    return mark


def _should_open(portal: Portal, known: set[str], row: Any) -> bool:
    """Tell whether a value is damaged that does not open; or else it has a key that came later than ours."""
    key_id = key_id_of(row.sealed)
    return portal.keyring.holds(key_id) or key_id not in known


def _others(rows: Sequence[Any], swaps: Sequence[Swap]) -> list[Any]:
    swapped = {swap.row_id for swap in swaps}
    return [row for row in rows if row[0] not in swapped]


def _sealed_anew(portal: Portal, column: SealedColumn, row: Any) -> Swap | None:
    place = column.place_of(row)
    try:
        secret = open_sealed(portal.keyring, row.sealed, place)
    except Unopenable:
        return None
    sealed = seal(portal.keyring, secret, place)
    return Swap(row[0], row.sealed, sealed, portal.keyring.current.id)


def _finish(portal: Portal, principal: Principal, mark: RotationMark) -> RotationReport:
    with acting(portal, principal) as session:
        take_lock(session, _LOCK)
        lagging = lagging_in(session, portal)
        retired = [] if lagging else _retire(portal, session)
        now, current_id = portal.clock.now(), portal.keyring.current.id
        write_mark(session, replace(mark, finished_at=now), now)
        remaining = status_in(portal, session).remaining
        events = [(Action.ENCRYPTION_KEY_RETIRE, key_id, key_id, {"to": current_id}) for key_id in retired]
        details = {"count": mark.resealed}
        audit.record_several(
            portal,
            session,
            principal,
            [(Action.ENCRYPTION_KEY_ROTATE, current_id, current_id, details), *events],
        )
    if lagging:
        raise ProcessLacksKey(
            f"Re-sealed {mark.resealed:,} values, but a server was started without key id {current_id}"
            f" meanwhile: {', '.join(server_name(row) for row in lagging)}. Restart it, then rotate again."
        )
    return RotationReport(mark.resealed, mark.damaged, remaining, tuple(retired))


def _retire(portal: Portal, session: Session) -> list[str]:
    """Take former keys out of use that nothing needs and no server that runs seals with.

    Whoever seals with one meanwhile counts it, behind this lock.
    """
    sealing, retired = {row.current_key_id for row in processes.running(session, portal.clock.now())}, []
    for row in records.encryption_keys(session, for_update=True):
        if row.key_id in sealing | {portal.keyring.current.id} or not is_needed(row):
            continue
        if needs(session, row.key_id):
            continue
        if row.audit_key is None:
            keep_audit_key(portal.keyring, row)
        row.retired_at = portal.clock.now()
        session.add(row)
        retired.append(row.key_id)
    session.flush()
    return retired
