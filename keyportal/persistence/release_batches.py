"""What is written for many resolves at once: counts and audit events, in one transaction.

Plain statements, no objects: this is the one thing that is done before every call of every program.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from keyportal.persistence.engine import CHAIN_LOCK

_EVENT = (
    *("uid", "at", "principal_kind", "principal_id", "principal_label", "user_id", "action", "result"),
    *("object_id", "object_label", "address", "details", "key_id"),
)
_DAY = ("day", "provider", "source", "credential_id", "agent_key_id")
LAST_LINK = "SELECT chain FROM audit_events ORDER BY id DESC LIMIT 1"
LOCK_CHAIN = "SELECT pg_advisory_xact_lock(%s)"
START = "0" * 64


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the audit trail without its link. Has the attributes of an AuditEventRow."""

    uid: str
    at: datetime
    principal_kind: str
    principal_id: str
    principal_label: str
    user_id: str
    action: str
    result: str
    object_id: str
    object_label: str
    address: str
    details: dict[str, Any]
    key_id: str


# Returns the link of an event behind another's.
Link = Callable[[str, Event], str]


@dataclass
class Batch:
    """What is written together. Each count is by its own key, so that a row is touched once."""

    at: datetime
    events: list[Event] = field(default_factory=list)
    uses: dict[str, int] = field(default_factory=dict)
    days: dict[tuple[str, str, str, str, str], int] = field(default_factory=dict)
    # Whose last use is written down, too: credentials, and agent keys.
    marked_ids: set[str] = field(default_factory=set)
    agent_key_ids: set[str] = field(default_factory=set)

    def links(self, last: str | None, link: Link) -> list[str]:
        links, before = [], last or START
        for event in self.events:
            before = link(before, event)
            links.append(before)
        return links


def write_in(session: Session, batch: Batch, link: Link) -> None:
    """Write a batch inside the caller's transaction, as its last act."""
    connection = session.connection()
    driver = connection.connection.driver_connection
    session.flush()
    if isinstance(driver, sqlite3.Connection):
        write_sqlite(driver, batch, link, connection.exec_driver_sql(LAST_LINK).scalar())
        return
    for statement, values in counts(batch):
        connection.exec_driver_sql(statement, values)
    connection.exec_driver_sql(LOCK_CHAIN, (CHAIN_LOCK,))
    last = connection.exec_driver_sql(LAST_LINK).scalar()
    connection.exec_driver_sql(EVENTS, columns_of(batch, batch.links(last, link)))


def write_sqlite(connection: sqlite3.Connection, batch: Batch, link: Link, last: str | None) -> None:
    """Write a batch inside a transaction that is open. `last` is the trail's last link."""
    at = _moment(batch.at)
    many = connection.executemany
    if batch.uses:
        many(_SQLITE_USE, [(count, one) for one, count in batch.uses.items()])
    if batch.marked_ids:
        many(_SQLITE_MARK, [(at, one) for one in batch.marked_ids])
    if batch.days:
        many(_SQLITE_DAY, [(*key, count) for key, count in batch.days.items()])
    if batch.agent_key_ids:
        many(_SQLITE_AGENT, [(at, one) for one in batch.agent_key_ids])
    links = batch.links(last, link)
    rows = [(*_values(event, at), link) for event, link in zip(batch.events, links, strict=True)]
    many(_SQLITE_EVENT, rows)


def counts(batch: Batch) -> Iterable[tuple[str, Sequence[Any]]]:
    """Yield the statements that count. Rows are locked in one order for everybody."""
    at = batch.at
    if batch.uses:
        ids = sorted(batch.uses)
        yield _LOCK_USED, (ids,)
        counted, marked = [batch.uses[one] for one in ids], [one in batch.marked_ids for one in ids]
        yield _USE, (at, ids, counted, marked)
    if batch.days:
        keys = sorted(batch.days)
        columns = [list(column) for column in zip(*keys, strict=True)]
        yield _DAYS, (*columns, [batch.days[key] for key in keys])
    if batch.agent_key_ids:
        yield _AGENTS, (at, sorted(batch.agent_key_ids))


def document_of(batch: Batch, links: Sequence[str]) -> str:
    """Return a batch as the one JSON document that `record_releases` of PostgreSQL takes."""
    at = batch.at.isoformat()
    uses = [{"id": one, "count": n, "marked": one in batch.marked_ids} for one, n in batch.uses.items()]
    days = [{**dict(zip(_DAY, key, strict=True)), "count": count} for key, count in batch.days.items()]
    events = [
        {**dict(zip(_EVENT, _values(event, at), strict=True)), "details": event.details, "chain": link}
        for event, link in zip(batch.events, links, strict=True)
    ]
    agents = list(batch.agent_key_ids)
    return json.dumps({"at": at, "uses": uses, "days": days, "agents": agents, "events": events})


def columns_of(batch: Batch, links: Sequence[str]) -> tuple[list[Any], ...]:
    rows = [_values(event, event.at) for event in batch.events]
    return (*(list(column) for column in zip(*rows, strict=True)), list(links))


def _values(event: Event, at: Any) -> tuple[Any, ...]:
    return (
        event.uid,
        at,
        event.principal_kind,
        event.principal_id,
        event.principal_label,
        event.user_id,
        event.action,
        event.result,
        event.object_id,
        event.object_label,
        event.address,
        json.dumps(event.details),
        event.key_id,
    )


def _moment(at: datetime) -> str:
    """Return a moment as the tables of SQLite hold it: UTC, to the microsecond, without a zone."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


_INTO_EVENTS = f"INSERT INTO audit_events ({', '.join(_EVENT)}, chain)"
_INTO_DAYS = f"INSERT INTO usage_days ({', '.join(_DAY)}, count)"
_ADDED = f"ON CONFLICT ({', '.join(_DAY)}) DO UPDATE SET count = usage_days.count + excluded.count"

_SQLITE_EVENT = f"{_INTO_EVENTS} VALUES ({', '.join('?' * (len(_EVENT) + 1))})"
_SQLITE_DAY = f"{_INTO_DAYS} VALUES ({', '.join('?' * (len(_DAY) + 1))}) {_ADDED}"
_SQLITE_USE = "UPDATE credentials SET usage_count = usage_count + ? WHERE id = ?"
_SQLITE_MARK = "UPDATE credentials SET last_used_at = ? WHERE id = ?"
_SQLITE_AGENT = "UPDATE agent_keys SET last_used_at = ? WHERE id = ?"

EVENTS = " ".join(
    (
        _INTO_EVENTS,
        "SELECT * FROM unnest(%s::text[], %s::timestamptz[],",
        "%s::text[]," * 9,
        "%s::json[], %s::text[], %s::text[])",
    )
)
_DAYS = " ".join((_INTO_DAYS, "SELECT * FROM unnest(%s::date[],", "%s::text[]," * 4, "%s::bigint[])", _ADDED))
_LOCK_USED = "SELECT id FROM credentials WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
_USE = (
    "UPDATE credentials SET usage_count = usage_count + used.count,"
    " last_used_at = CASE WHEN used.marked THEN %s ELSE last_used_at END"
    " FROM unnest(%s::text[], %s::bigint[], %s::boolean[]) AS used (id, count, marked)"
    " WHERE credentials.id = used.id"
)
# Somebody who holds an agent key's row may want a credential's next: never wait for them.
_AGENTS = (
    "UPDATE agent_keys SET last_used_at = %s WHERE id IN"
    " (SELECT id FROM agent_keys WHERE id = ANY(%s) FOR UPDATE SKIP LOCKED)"
)
