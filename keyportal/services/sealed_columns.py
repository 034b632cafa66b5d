"""Every column that holds ciphertext, and the place each of its values belongs to.

Status, rotation, verification and their proof walk this list: what is not on it would be lost with its key.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from keyportal.domain.errors import Unopenable
from keyportal.persistence import sealed_values
from keyportal.persistence.sealed_values import AUDIT_KEYS, CANARIES, CREDENTIALS, StoredColumn
from keyportal.vault.keyring import Keyring
from keyportal.vault.sealed import Place, key_id_of, open_sealed

_BATCH = 1000


@dataclass(frozen=True)
class SealedColumn:
    """`follows` the current key when it is rotated; a canary stays with its own key for good."""

    noun: str
    stored: StoredColumn
    place_of: Callable[[Any], Place]
    follows: bool = True


@dataclass(frozen=True)
class Opening:
    """What came of opening all values of one column. `missing` counts those of keys that are not here."""

    noun: str
    readable: int
    damaged: int
    missing: dict[str, int]

    @property
    def is_whole(self) -> bool:
        return not self.damaged and not self.missing


def credential_place(row: Any) -> Place:
    return Place(
        # What is inside is part of the place: nobody can pass a packed secret off as a plain one.
        purpose="credential+fields" if row.secret_fields else "credential",
        table="credentials",
        row_id=row.id,
        scope=row.ownership,
        owner=row.owner_key,
        provider=row.provider,
        destination=row.destination,
        secret_version=row.secret_version,
    )


def canary_place(key_id: str) -> Place:
    return Place("canary", "encryption_keys", key_id, "", "", "", "", 1)


def audit_key_place(key_id: str) -> Place:
    return Place("audit key", "encryption_keys", key_id, "", "", "", "", 1)


SEALED_COLUMNS = (
    SealedColumn("API keys", CREDENTIALS, credential_place),
    SealedColumn("keys of the audit trail", AUDIT_KEYS, lambda row: audit_key_place(row.key_id)),
    SealedColumn("canaries", CANARIES, lambda row: canary_place(row.key_id), follows=False),
)
FOLLOWING = tuple(column for column in SEALED_COLUMNS if column.follows)


def values_by_key(session: Session) -> dict[str, dict[str, int]]:
    """Return for each encryption key's id how many values need it, by what they are; damaged ones apart."""
    found: dict[str, dict[str, int]] = {}
    for column in FOLLOWING:
        for (key_id, is_damaged), count in sealed_values.count_by_key(session, column.stored).items():
            if not is_damaged:
                found.setdefault(key_id, {})[column.noun] = count
    return found


def damaged_values(session: Session) -> int:
    """Return how many values are known to open with no key."""
    counts = (sealed_values.count_by_key(session, column.stored) for column in FOLLOWING)
    return sum(count for found in counts for (_, is_damaged), count in found.items() if is_damaged)


def needs(session: Session, key_id: str) -> bool:
    """Tell whether anything would be lost with this encryption key."""
    return any(sealed_values.needs_key(session, column.stored, key_id) for column in FOLLOWING)


def open_everything(
    session: Session,
    keyring: Keyring,
    on_closed: Callable[[SealedColumn, Any], object] = lambda _column, _row: None,
) -> list[Opening]:
    """Open every sealed value there is and forget it at once. Holds no more than a batch of them.

    `on_closed` is told of each that does not open.
    """
    openings = []
    for column in FOLLOWING:
        readable, damaged, missing = 0, 0, dict[str, int]()
        for row in _rows_of(session, column):
            key_id = key_id_of(row.sealed)
            if opens(keyring, row.sealed, column.place_of(row)):
                readable += 1
                continue
            on_closed(column, row)
            if keyring.holds(key_id):
                damaged += 1
            else:
                missing[key_id] = missing.get(key_id, 0) + 1
        openings.append(Opening(column.noun, readable, damaged, missing))
    return openings


def opens(keyring: Keyring, sealed: bytes, place: Place) -> bool:
    try:
        open_sealed(keyring, sealed, place)
    except Unopenable:
        return False
    return True


def _rows_of(session: Session, column: SealedColumn) -> Iterator[Any]:
    after = ""
    while rows := sealed_values.batch_of(session, column.stored, after, _BATCH):
        yield from rows
        after = rows[-1][0]
