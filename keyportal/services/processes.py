"""Who serves: each server says in the database that it runs, and which encryption keys it holds.

A rotation and a restore ask for it. Not being able to say so never stops a server.
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from keyportal.domain.errors import StorageUnavailable
from keyportal.persistence import processes
from keyportal.persistence.columns import new_id
from keyportal.persistence.tables import ProcessRow
from keyportal.services.portal import Portal

Kind = Literal["portal", "api"]

_EVERY_S = 15.0
_FAREWELL_S = 3.0
_log = logging.getLogger(__name__)


@asynccontextmanager
async def serving(portal: Portal, kind: Kind) -> AsyncIterator[None]:
    """Be listed as a running server until the end of the block."""
    presence = _Presence(portal, kind)
    await asyncio.to_thread(presence.announce)
    repeating = asyncio.create_task(_repeat(presence))
    try:
        yield
    finally:
        repeating.cancel()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(presence.end), _FAREWELL_S)


async def _repeat(presence: "_Presence") -> None:
    while True:
        await asyncio.sleep(_EVERY_S)
        await asyncio.to_thread(presence.announce)


class _Presence:
    """One server's row."""

    def __init__(self, portal: Portal, kind: Kind) -> None:
        self._portal = portal
        self._kind = kind
        self._id = new_id()
        self._started_at = portal.clock.now()
        self._is_ended = False
        self._is_failing = False

    def announce(self) -> None:
        if self._is_ended:
            return
        try:
            with self._portal.database.transaction() as session:
                processes.announce(session, self._row())
            self._is_failing = False
        except (StorageUnavailable, SQLAlchemyError) as problem:
            self._say_once(problem)

    def end(self) -> None:
        self._is_ended = True
        with (
            suppress(StorageUnavailable, SQLAlchemyError),
            self._portal.database.transaction() as session,
        ):
            processes.remove(session, self._id)

    def _row(self) -> ProcessRow:
        keyring = self._portal.keyring
        return ProcessRow(
            id=self._id,
            kind=self._kind,
            host=socket.gethostname(),
            pid=os.getpid(),
            key_ids=sorted(keyring.ids),
            current_key_id=keyring.current.id,
            started_at=self._started_at,
            seen_at=self._portal.clock.now(),
        )

    def _say_once(self, problem: Exception) -> None:
        if not self._is_failing:
            self._is_failing = True
            _log.warning("could not write that this server runs: %s", type(problem).__name__)
