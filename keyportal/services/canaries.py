"""The canary of each encryption key: proof at start-up that the right keys are there."""

from sqlmodel import Session

from keyportal.domain.clock import Clock
from keyportal.domain.errors import UnusableSetting
from keyportal.domain.secret import Secret
from keyportal.persistence import audit_events, processes, records
from keyportal.persistence.tables import EncryptionKeyRow
from keyportal.services.sealed_columns import audit_key_place, canary_place, opens, values_by_key
from keyportal.settings import ENCRYPTION_KEY
from keyportal.vault.keyring import Keyring
from keyportal.vault.sealed import key_id_of, seal

CANARY_LOCK = 742002
PREVIOUS = "API_KEY_ENCRYPTION_KEY_PREVIOUS"
_CANARY = Secret("keyportal canary")


def require_right_keys(
    session: Session, keyring: Keyring, clock: Clock, *, may_miss_keys: bool = False
) -> None:
    """Check the canary of every key this database was written with; plant one for a key that is new.

    Nothing is planted where a key is missing: what is configured instead may be a mistake.
    """
    in_use = {key_id for server in processes.running(session, clock.now()) for key_id in server.key_ids}
    known = [
        row
        for row in records.encryption_keys(session)
        if row.key_id in in_use or not _forget_unused(session, keyring, row)
    ]
    missing = missing_keys(known, keyring)
    if missing and not may_miss_keys:
        raise UnusableSetting(*_what_is_missing(session, keyring, missing, is_new=len(known) == len(missing)))
    for row in known:
        if keyring.holds(row.key_id) and not opens(keyring, row.canary, canary_place(row.key_id)):
            raise UnusableSetting(
                ENCRYPTION_KEY,
                f"cannot open this database's canary for key id {row.key_id}: the row was changed."
                " Restore the database from a backup.",
            )
    if not missing:
        _take_into_use(session, keyring, clock, known)


def _forget_unused(session: Session, keyring: Keyring, row: EncryptionKeyRow) -> bool:
    """Forget a key that was put in front and taken back before anything was sealed or written with it."""
    if row.seals or keyring.holds(row.key_id) or not is_needed(row):
        return False
    if audit_events.has_event_under(session, row.key_id, row.created_at):
        return False
    for other in records.encryption_keys(session):
        if other.audit_key is not None and key_id_of(other.audit_key) == row.key_id:
            # Kept under it, and the key it belongs to is in use again.
            if not keyring.holds(other.key_id):
                return False
            other.audit_key = None
    session.delete(row)
    session.flush()
    return True


def missing_keys(known: list[EncryptionKeyRow], keyring: Keyring) -> list[str]:
    """Return the ids of the keys that have to be configured and are not."""
    return sorted(row.key_id for row in known if is_needed(row) and not keyring.holds(row.key_id))


def keys_to_restart_for(known: list[EncryptionKeyRow], keyring: Keyring) -> list[str]:
    """Return the missing keys that something was sealed with since: a server has to be given them.

    One that only stands ready was put there before the servers were restarted, which is how it should be.
    """
    unused = {row.key_id for row in known if not row.seals}
    return [key_id for key_id in missing_keys(known, keyring) if key_id not in unused]


def is_needed(row: EncryptionKeyRow) -> bool:
    """Tell whether a key has to be configured: it was not taken out of use and not given up."""
    return row.retired_at is None and row.abandoned_at is None


def keep_audit_key(keyring: Keyring, row: EncryptionKeyRow) -> None:
    """Seal what verifies a former key's events, so that they outlive it."""
    kept = Secret(keyring.get(row.key_id).audit.hex())
    row.audit_key = seal(keyring, kept, audit_key_place(row.key_id))


def _take_into_use(session: Session, keyring: Keyring, clock: Clock, known: list[EncryptionKeyRow]) -> None:
    """Plant the current key's canary where it is new, and make it needed again where it was retired."""
    key_id = keyring.current.id
    current = next((row for row in known if row.key_id == key_id), None)
    if current is not None:
        current.retired_at = current.abandoned_at = None
        return
    for row in known:
        if row.audit_key is None and keyring.holds(row.key_id):
            keep_audit_key(keyring, row)
    canary = seal(keyring, _CANARY, canary_place(key_id))
    # These few seals are not counted: the count tells whether anything depends on the key by now.
    new = EncryptionKeyRow(key_id=key_id, canary=canary, seals=0, created_at=clock.now())
    records.add_encryption_key(session, new)


def _what_is_missing(
    session: Session, keyring: Keyring, missing: list[str], *, is_new: bool
) -> tuple[str, str]:
    """Return the setting at fault and what to do. Key ids are public."""
    ids, values = ", ".join(missing), values_by_key(session)
    count = sum(sum(values.get(key_id, {}).values()) for key_id in missing)
    if is_new:
        return ENCRYPTION_KEY, (
            f"has key id {keyring.current.id}, but this database was written with {ids}. Put that key back,"
            f" or add it to {PREVIOUS}. If it is lost: `python -m keyportal encryption-key status`."
        )
    return PREVIOUS, (
        f"lacks key id {ids}, which {count:,} saved values still need: this database was written with it."
        " Add it, until `python -m keyportal encryption-key rotate` is done."
    )
