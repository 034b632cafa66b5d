"""Puts on record what was handed out, on PostgreSQL: in pipelines, two round trips to a batch."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

import psycopg

from keyportal.domain.errors import StorageUnavailable
from keyportal.persistence.engine import CHAIN_LOCK
from keyportal.persistence.ledger import CHANGES, NUMBER, Busy, Changed, Held
from keyportal.persistence.release_batches import (
    EVENTS,
    LAST_LINK,
    LOCK_CHAIN,
    Batch,
    Link,
    columns_of,
    counts,
)

_DEADLINE_S = 10.0
# Whoever holds a row for longer must not hold up those who want another.
_WAIT_A_LITTLE = "SET LOCAL lock_timeout = '100ms'"
_FREE = "SELECT id FROM credentials WHERE id = ANY(%s) ORDER BY id FOR UPDATE SKIP LOCKED"
# What the server's list of connections shows.
NAME = "keyportal resolves"


class PostgresLedger:
    """A connection of its own for the event loop, made anew after it failed."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def write(self, batch: Batch, known: int, link: Link) -> Changed | None:
        """Commit a batch if nothing changed since number `known`, else return what did.

        Raises Busy, Held; and StorageUnavailable, when it is not known whether the batch was written: also
        after ten seconds, whatever the server is doing.
        """
        writing = asyncio.ensure_future(self._write(batch, known, link))
        done, _ = await asyncio.wait({writing}, timeout=_DEADLINE_S)
        if done:
            return writing.result()
        # Not waited for: whoever does not answer does not answer a farewell either.
        writing.cancel()
        self._hang_up()
        raise StorageUnavailable

    async def _write(self, batch: Batch, known: int, link: Link) -> Changed | None:
        try:
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
            await self._commit(columns_of(batch, batch.links(last, link)))
        except (psycopg.Error, OSError):
            await self.close()
            raise StorageUnavailable from None
        return None

    async def _count(self, batch: Batch) -> tuple[int, str | None]:
        """Begin a transaction and count in it. Returns the last change's number and the trail's last link."""
        connection = await self._connected()
        async with connection.pipeline():
            await connection.execute("BEGIN")
            await connection.execute(_WAIT_A_LITTLE)
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
