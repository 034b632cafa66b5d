"""Pieces the tables share: ids, columns that differ between databases, and indexes of what is not gone."""

import os
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, text

# SQLite numbers rows by itself only in a column of type INTEGER.
SERIAL = BigInteger().with_variant(Integer, "sqlite")
LIVE = text("deleted_at IS NULL")
LOST = text("deleted_at IS NULL AND (unreadable OR sealed IS NULL)")
FAILING = text("failing_until IS NOT NULL")
PRESENT = text("removed_at IS NULL")


def new_id() -> str:
    return str(uuid4())


def new_id_of(moment: datetime) -> str:
    """Return an id that sorts by time (UUID version 7, RFC 9562): what is added often is added at one end.

    Whoever sees it learns the millisecond.
    """
    drawn = int.from_bytes(os.urandom(10), "big")
    high, low = drawn >> 68, drawn & (1 << 62) - 1
    return str(UUID(int=int(moment.timestamp() * 1000) << 80 | 7 << 76 | high << 64 | 2 << 62 | low))


def owner_column(nullable: bool) -> Column[str]:
    return Column(ForeignKey("users.id"), nullable=nullable, index=True)


def json_column(empty: str) -> Column[Any]:
    return Column(JSON, nullable=False, server_default=empty)


def count_column() -> Column[int]:
    return Column(BigInteger, nullable=False, server_default="0")


def live_index(name: str, *columns: str, unique: bool = False) -> Index:
    """An index of the rows that are not deleted: lists count and sort by it alone."""
    return Index(name, *columns, unique=unique, sqlite_where=LIVE, postgresql_where=LIVE)


def failing_index(name: str, *columns: str) -> Index:
    """An index of the keys that stepped back by a report, now or once."""
    return Index(name, *columns, sqlite_where=FAILING, postgresql_where=FAILING)


def present_index(name: str, *columns: str) -> Index:
    """An index of the people who are not removed."""
    return Index(name, *columns, sqlite_where=PRESENT, postgresql_where=PRESENT)
