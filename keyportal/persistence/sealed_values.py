"""Queries for ciphertext, whatever column it stands in: which key it needs, batches of it, swaps.

A sealed value begins with a byte for its version and four for its key's id; see `vault.sealed`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import false, func, update
from sqlmodel import Session, col, select

from keyportal.persistence.tables import CredentialRow, EncryptionKeyRow


@dataclass(frozen=True, eq=False)
class StoredColumn:
    """A column of ciphertext. `place` are the columns its values are bound to, the row's id first."""

    table: str
    name: str
    value: Any
    place: tuple[Any, ...]
    # Where the key's id stands beside it, too, and what is known not to open.
    key_id: Any = None
    is_damaged: Any = None
    # What else changes when its value is forgotten.
    wiped: Mapping[Any, Any] = field(default_factory=dict)

    @property
    def row_id(self) -> Any:
        return self.place[0]


CREDENTIALS = StoredColumn(
    table="credentials",
    name="sealed",
    value=col(CredentialRow.sealed),
    place=(
        col(CredentialRow.id),
        col(CredentialRow.ownership),
        col(CredentialRow.owner_key),
        col(CredentialRow.provider),
        col(CredentialRow.destination),
        col(CredentialRow.secret_version),
        col(CredentialRow.secret_fields),
    ),
    key_id=col(CredentialRow.key_id),
    is_damaged=col(CredentialRow.unreadable),
    wiped={"unreadable": False, "secret_version": CredentialRow.secret_version + 1},
)
AUDIT_KEYS = StoredColumn(
    table="encryption_keys",
    name="audit_key",
    value=col(EncryptionKeyRow.audit_key),
    place=(col(EncryptionKeyRow.key_id),),
)
CANARIES = StoredColumn(
    table="encryption_keys",
    name="canary",
    value=col(EncryptionKeyRow.canary),
    place=(col(EncryptionKeyRow.key_id),),
)


@dataclass(frozen=True)
class Swap:
    """A value sealed anew. `old` has to stand there still."""

    row_id: str
    old: bytes
    new: bytes
    key_id: str


def count_by_key(session: Session, column: StoredColumn) -> dict[tuple[str, bool], int]:
    """Return how many values were sealed with each key, those known to be damaged apart."""
    is_damaged = column.is_damaged if column.is_damaged is not None else false()
    values = select(_key_id_of(session, column).label("key_id"), is_damaged.label("is_damaged"))
    each = values.where(column.value.is_not(None)).subquery().c
    query = select(each.key_id, each.is_damaged, func.count()).group_by(each.key_id, each.is_damaged)
    return {(key_id, bool(damaged)): count for key_id, damaged, count in session.exec(query).all()}


def needs_key(session: Session, column: StoredColumn, key_id: str) -> bool:
    """Tell whether there is a value of this key that is not known to be damaged."""
    found = select(column.row_id).where(column.value.is_not(None), _key_id_of(session, column) == key_id)
    if column.is_damaged is not None:
        found = found.where(column.is_damaged.is_(False))
    return session.exec(found.limit(1)).first() is not None


def batch_of(
    session: Session, column: StoredColumn, after: str, size: int, *, but_key_id: str = ""
) -> Sequence[Any]:
    """Return the next values behind the row `after` with what they are bound to, as `.sealed`.

    Those of `but_key_id` are left out.
    """
    columns: list[Any] = [*column.place, column.value.label("sealed")]
    query = select(*columns)
    query = query.where(column.row_id > after, column.value.is_not(None))
    if but_key_id:
        query = query.where(_key_id_of(session, column) != but_key_id)
    return session.exec(query.order_by(column.row_id).limit(size)).all()


def swap(session: Session, column: StoredColumn, swaps: Sequence[Swap]) -> int:
    """Put values sealed anew, with one key, in the place of the old ones still there. Returns how many were.

    Rows are taken in the order of their ids, as everybody does.
    """
    swaps = sorted(swaps, key=lambda one: one.row_id)
    connection = session.connection()
    is_postgres = connection.dialect.name == "postgresql"
    mark = "%s" if is_postgres else "?"
    also = f", {column.key_id.key} = {mark}" if column.key_id is not None else ""
    key_ids = [swaps[0].key_id] if also else []
    names = {"table": column.table, "column": column.name, "row_id": column.row_id.key, "also": also}
    if not is_postgres:
        given = [(s.new, *key_ids, s.row_id, s.old) for s in swaps]
        return connection.exec_driver_sql(_SWAP_SQLITE.format(**names), given).rowcount
    ids, old, new = [s.row_id for s in swaps], [s.old for s in swaps], [s.new for s in swaps]
    connection.exec_driver_sql(_RESEALING)
    connection.exec_driver_sql(_LOCK.format(**names), (ids,))
    return connection.exec_driver_sql(_SWAP_POSTGRES.format(**names), (*key_ids, ids, old, new)).rowcount


def wipe(session: Session, column: StoredColumn, key_id: str) -> int:
    """Forget all values of one key. Returns how many there were."""
    statement = update(column.value.class_).where(
        column.value.is_not(None), _key_id_of(session, column) == key_id
    )
    return session.exec(statement.values({column.name: None, **column.wiped})).rowcount


def _key_id_of(session: Session, column: StoredColumn) -> Any:
    if session.get_bind().dialect.name == "postgresql":
        return func.encode(func.substring(column.value, 2, 4), "hex")
    return func.lower(func.hex(func.substr(column.value, 2, 4)))


_SWAP_SQLITE = "UPDATE {table} SET {column} = ?{also} WHERE {row_id} = ? AND {column} = ?"
# Tells the triggers that nothing is decided otherwise, until the end of the transaction.
_RESEALING = "SELECT set_config('keyportal.resealing', 'on', true)"
_LOCK = "SELECT {row_id} FROM {table} WHERE {row_id} = ANY(%s) ORDER BY {row_id} FOR UPDATE"
_SWAP_POSTGRES = (
    "UPDATE {table} SET {column} = s.new{also} FROM unnest(%s::text[], %s::bytea[], %s::bytea[])"
    " AS s (row_id, old, new) WHERE {table}.{row_id} = s.row_id AND {table}.{column} = s.old"
)
