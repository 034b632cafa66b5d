"""Pieces the tables share: ids, columns that differ between databases, and indexes of what is not gone."""

from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, text

# SQLite numbers rows by itself only in a column of type INTEGER.
SERIAL = BigInteger().with_variant(Integer, "sqlite")
LIVE = text("deleted_at IS NULL")
LOST = text("deleted_at IS NULL AND (unreadable OR sealed IS NULL)")
FAILING = text("failing_until IS NOT NULL")
PRESENT = text("removed_at IS NULL")


def new_id() -> str:
    return str(uuid4())


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
