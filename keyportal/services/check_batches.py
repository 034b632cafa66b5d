"""Test all: many saved keys at once, a few at a time, so that no slow provider holds up the rest."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from keyportal.domain.errors import InvalidInput, KeyPortalError, NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.text import is_row_id
from keyportal.persistence import credentials
from keyportal.services import throttle
from keyportal.services.check_views import CheckView
from keyportal.services.checks import check_in_turn, owner_keys_of, person_of
from keyportal.services.paging import PAGE_SIZES
from keyportal.services.portal import Portal

AT_ONCE = 8
MOST = max(PAGE_SIZES)
# A batch counts as one test for every so many keys, or a page would take minutes.
KEYS_PER_COUNT = 10

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchStep:
    """One key of a batch is done: what was found, or why it could not be asked about."""

    credential_id: str
    found: CheckView | None
    problem: str
    done: int
    total: int


@dataclass(frozen=True)
class _Done:
    credential_id: str
    found: CheckView | None = None
    problem: str = ""


async def check_many(
    portal: Portal, principal: Principal, credential_ids: Sequence[str]
) -> AsyncGenerator[BatchStep]:
    """Check a page of saved keys and yield each as it is done. Closing the iterator cancels the rest.

    Raises Forbidden, TooManyTests, InvalidInput for more than a page, before anything is asked. A key
    that is gone by now is one of those done, with its problem.
    """
    wanted = list(dict.fromkeys(credential_ids))
    if not 1 <= len(wanted) <= MOST:
        raise InvalidInput(f"Test from 1 to {MOST} keys at once.")
    providers = await asyncio.to_thread(_providers_of, portal, principal, wanted)
    counted = min(-(-len(wanted) // KEYS_PER_COUNT), portal.settings.tests_per_minute)
    await asyncio.to_thread(throttle.count_tests, portal, person_of(principal), counted)
    done = 0
    async with aclosing(_each(portal, principal, wanted, providers)) as finished:
        async for one in finished:
            done += 1
            yield BatchStep(one.credential_id, one.found, one.problem, done, len(wanted))


def _providers_of(portal: Portal, principal: Principal, wanted: Sequence[str]) -> dict[str, str]:
    """Return the provider of each key there is for this principal: what the order needs, no ciphertext."""
    principal.require(Permission.CREDENTIALS_CHECK)
    try:
        owners = owner_keys_of(principal)
    except NotFound:
        return {}
    with portal.database.reading() as session:
        return credentials.providers_by_id(session, owners, [one for one in wanted if is_row_id(one)])


async def _each(
    portal: Portal, principal: Principal, wanted: Sequence[str], providers: Mapping[str, str]
) -> AsyncGenerator[_Done]:
    """Yield each key as it is done, whichever is first."""
    for gone in wanted:
        if gone not in providers:
            yield _Done(gone, problem=NotFound.message)
    waiting, asked = [one for one in wanted if one in providers], dict[asyncio.Task[_Done], str]()
    try:
        while waiting or asked:
            while waiting and len(asked) < AT_ONCE:
                one = _next(waiting, providers, Counter(asked.values()))
                asked[asyncio.create_task(_check(portal, principal, one))] = providers[one]
            finished, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                del asked[task]
                yield task.result()
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


def _next(waiting: list[str], providers: Mapping[str, str], asked: Counter[str]) -> str:
    """Take a key of the provider that is asked least at the moment: a slow one never takes all places."""
    one = min(waiting, key=lambda candidate: asked[providers[candidate]])
    waiting.remove(one)
    return one


async def _check(portal: Portal, principal: Principal, credential_id: str) -> _Done:
    try:
        return _Done(credential_id, await check_in_turn(portal, principal, credential_id))
    except KeyPortalError as refusal:
        return _Done(credential_id, problem=refusal.message)
    except Exception as fault:  # noqa: BLE001 - one odd key must not end the batch of all others
        # Its type alone: the text of an exception may hold a piece of the key.
        _log.error("a key of a batch could not be tested: %s", type(fault).__name__)
        return _Done(credential_id, problem=KeyPortalError.message)
