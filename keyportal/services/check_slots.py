"""How many checks run at the same time in the whole deployment: a place each, kept in the database.

Nobody gets all the places: a batch at a slow provider would shut everybody else out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from keyportal.domain.errors import StorageUnavailable, TooManyTests
from keyportal.persistence import check_slots
from keyportal.persistence.engine import take_lock
from keyportal.persistence.tables import CheckSlotRow
from keyportal.services.portal import Portal

# Longer than any check can run: after it, the place is one that a crash left behind.
LONGEST = timedelta(seconds=60)
RETRY_AFTER_S = 3
_ASK_AGAIN_S = 0.5
_WAIT_AT_MOST_S = 60
_SLOT_LOCK = 742010
# Places that one person leaves to all others.
_FOR_OTHERS = 2


@asynccontextmanager
async def slot(portal: Portal, person: str, *, wait: bool = False) -> AsyncIterator[None]:
    """Hold a place for one check; wait for one, or raise TooManyTests at once."""
    slot_id = await _take(portal, person, wait)
    try:
        yield
    finally:
        # Cancelled or not, the place is free again before anything else happens.
        await asyncio.shield(asyncio.to_thread(_free, portal, slot_id))


async def _take(portal: Portal, person: str, wait: bool) -> str:
    tries = round(_WAIT_AT_MOST_S / _ASK_AGAIN_S) if wait else 1
    for turn in range(tries):
        if turn:
            await asyncio.sleep(_ASK_AGAIN_S)
        slot_id = await _try_whole(portal, person)
        if slot_id is not None:
            return slot_id
    raise TooManyTests(retry_after=RETRY_AFTER_S)


async def _try_whole(portal: Portal, person: str) -> str | None:
    """Try once. A thread cannot be cancelled: what it took for somebody who left is given back."""
    trying = asyncio.ensure_future(asyncio.to_thread(_try, portal, person))
    try:
        return await asyncio.shield(trying)
    except asyncio.CancelledError:
        slot_id = await trying
        if slot_id is not None:
            await asyncio.to_thread(_free, portal, slot_id)
        raise


def _try(portal: Portal, person: str) -> str | None:
    now = portal.clock.now()
    with portal.database.transaction() as session:
        take_lock(session, _SLOT_LOCK)
        taken, own = check_slots.taken_slots(session, person, now)
        at_once = portal.settings.tests_at_once
        if taken >= at_once or own >= max(1, at_once - _FOR_OTHERS):
            return None
        row = CheckSlotRow(person=person, expires_at=now + LONGEST)
        check_slots.add_slot(session, row)
    return row.id


def _free(portal: Portal, slot_id: str) -> None:
    try:
        with portal.database.transaction() as session:
            check_slots.free_slot(session, slot_id)
    except StorageUnavailable:
        # It expires by itself; what was found out must not be lost over it.
        return
