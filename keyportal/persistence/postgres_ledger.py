"""Puts on record what was handed out, on PostgreSQL: mostly with one call for a batch.

The call holds what it was decided behind: the last change and the trail's last link. Where another process
was there meanwhile it writes nothing, and the batch is written in two round trips, under the trail's lock.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any, NoReturn

import psycopg

from keyportal.persistence.engine import CHAIN_LOCK
from keyportal.persistence.faults import outage_of
from keyportal.persistence.ledger import CHANGES, NUMBER, Busy, Changed, Held
from keyportal.persistence.postgres_call import call, is_quiet
from keyportal.persistence.release_batches import (
    EVENTS,
    LAST_LINK,
    LOCK_CHAIN,
    Batch,
    Link,
    columns_of,
    counts,
    document_of,
)

_DEADLINE_S = 10.0
# Whoever holds a row for longer must not hold up those who want another; and what others commit is seen,
# whatever the database's own settings say.
_SETTINGS = ("SET lock_timeout = '100ms'", "SET default_transaction_isolation = 'read committed'")
# Where several write, most calls come too late: so many batches go the other way before it is tried again.
_CROWDED_FOR = 50
_RECORD = "keyportal_record_releases"
_PREPARE = f"PREPARE {_RECORD} (bigint, text, json) AS SELECT record_releases($1, $2, $3)"
# Raised by record_releases: somebody came between while it waited, and it wrote nothing.
_CAME_BETWEEN = "KP001"
_FREE = "SELECT id FROM credentials WHERE id = ANY(%s) ORDER BY id FOR UPDATE SKIP LOCKED"
# What the server's list of connections shows.
NAME = "keyportal resolves"


class PostgresLedger:
    """A connection of its own for the event loop, made anew after it failed."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self._connection: psycopg.AsyncConnection[Any] | None = None
        # The link of what was written last, if nothing went wrong since.
        self._last: str | None = None
        self._crowded_for = 0

    async def write(self, batch: Batch, known: int, link: Link) -> Changed | None:
        """Commit a batch if nothing changed since number `known`, else return what did.

        Raises Busy, Held; and StorageUnavailable, when it is not known whether the batch was written: also
        after ten seconds, whatever the server is doing.
        """
        try:
            try:
                if await self._record(batch, known, link):
                    return None
                following = self._write_in_two(batch, known, link)
            except psycopg.errors.LockNotAvailable:
                following = self._say_who_is_held(sorted(batch.uses))
            return await _in_time(following)
        except TimeoutError as problem:
            self._hang_up()
            raise outage_of(problem) from None
        except (psycopg.Error, OSError) as problem:
            await self.close()
            raise outage_of(problem) from None

    async def _record(self, batch: Batch, known: int, link: Link) -> bool:
        """Write it with one call. False if it is not known what to write behind, or somebody came between."""
        connection, last, self._last = self._connection, self._last, None
        self._crowded_for = max(0, self._crowded_for - 1)
        if connection is None or last is None or self._crowded_for or not is_quiet(connection.pgconn):
            return False
        links = batch.links(last, link)
        try:
            values = str(known), last, document_of(batch, links)
            is_written = await call(connection.pgconn, _RECORD, values, _DEADLINE_S) == "t"
        except psycopg.errors.InvalidSqlStatementName:
            # The driver lets go of prepared statements after a ROLLBACK, and others may, too.
            await self.close()
            return False
        except psycopg.DatabaseError as problem:
            if problem.sqlstate != _CAME_BETWEEN:
                raise
            is_written = False
        self._last = links[-1] if is_written else None
        self._crowded_for = 0 if is_written else _CROWDED_FOR
        return is_written

    async def _write_in_two(self, batch: Batch, known: int, link: Link) -> Changed | None:
        try:
            present, last = await self._count(batch)
        except psycopg.errors.LockNotAvailable:
            await self._say_who_is_held(sorted(batch.uses))
        except (psycopg.Error, OSError):
            # Nothing is committed yet, and the server may only have been away since the last time.
            await self.close()
            present, last = await self._count(batch)
        if present != known:
            return await self._changes_since(known, present)
        links = batch.links(last, link)
        await self._commit(columns_of(batch, links))
        self._last = links[-1]
        return None

    async def _count(self, batch: Batch) -> tuple[int, str | None]:
        """Begin a transaction and count in it. Returns the last change's number and the trail's last link."""
        connection = await self._connected()
        async with connection.pipeline():
            await connection.execute("BEGIN")
            for statement, values in counts(batch):
                await connection.execute(statement.encode(), values)
            await connection.execute(LOCK_CHAIN, (CHAIN_LOCK,))
            # Last of all, so that it is as new as can be.
            number = await connection.execute(NUMBER)
            last = await connection.execute(LAST_LINK)
        ((present,),), links = await number.fetchall(), await last.fetchall()
        return present, links[0][0] if links else None

    async def _say_who_is_held(self, credential_ids: list[str]) -> NoReturn:
        """Raises Held with those whose rows somebody else has; Busy if it is something else."""
        connection = await self._connected()
        await connection.execute("ROLLBACK")
        found = await connection.execute(_FREE, (credential_ids,))
        free = {credential_id for (credential_id,) in await found.fetchall()}
        held = frozenset(credential_ids) - free
        raise Held(held) if held else Busy

    async def _changes_since(self, known: int, present: int) -> Changed:
        connection = await self._connected()
        await connection.execute("ROLLBACK")
        found = await connection.execute(CHANGES.format("%s").encode(), (known,))
        return Changed(present, dict(await found.fetchall()))

    async def _commit(self, events: tuple[list[Any], ...]) -> None:
        connection = await self._connected()
        async with connection.pipeline():
            await connection.execute(EVENTS.encode(), events)
            await connection.execute("COMMIT")

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                **{**self._parameters, "application_name": NAME}, autocommit=True, prepare_threshold=0
            )
            # For this connection, so that no call has to say so.
            for statement in (*_SETTINGS, _PREPARE):
                await self._connection.execute(statement.encode(), prepare=False)
        return self._connection

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.pgconn.finish()

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error, OSError):
                await connection.close()


async def _in_time(following: Coroutine[Any, Any, Changed | None]) -> Changed | None:
    """Raises TimeoutError, and does not wait: whoever does not answer does not answer a farewell either."""
    writing = asyncio.ensure_future(following)
    if not (await asyncio.wait({writing}, timeout=_DEADLINE_S))[0]:
        writing.cancel()
        raise TimeoutError
    return writing.result()
