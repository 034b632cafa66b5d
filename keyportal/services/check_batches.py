"""Test all: many saved keys at once, a few at a time, so that no slow provider holds up the rest."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from keyportal.domain.errors import InvalidInput, KeyPortalError, NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence.tables import CredentialRow
from keyportal.services import throttle
from keyportal.services.check_views import CheckView
from keyportal.services.checks import Question, check_row, load_row, person_of
from keyportal.services.paging import PAGE_SIZES
from keyportal.services.portal import Portal

AT_ONCE = 8
MOST = max(PAGE_SIZES)
# A batch counts as one test for every so many keys, or a page would take minutes.
KEYS_PER_COUNT = 10


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
    rows, gone = await asyncio.to_thread(_load, portal, principal, wanted)
    counted = min(-(-len(wanted) // KEYS_PER_COUNT), portal.settings.tests_per_minute)
    await asyncio.to_thread(throttle.count_tests, portal, person_of(principal), counted)
    done = 0
    async with aclosing(_each(portal, principal, rows, gone)) as finished:
        async for one in finished:
            done += 1
            yield BatchStep(one.credential_id, one.found, one.problem, done, len(wanted))


def _load(
    portal: Portal, principal: Principal, wanted: Sequence[str]
) -> tuple[list[CredentialRow], list[_Done]]:
    principal.require(Permission.CREDENTIALS_CHECK)
    rows, gone = list[CredentialRow](), list[_Done]()
    for credential_id in wanted:
        try:
            rows.append(load_row(portal, principal, credential_id))
        except NotFound as refusal:
            gone.append(_Done(credential_id, problem=refusal.message))
    return rows, gone


async def _each(
    portal: Portal, principal: Principal, rows: list[CredentialRow], gone: list[_Done]
) -> AsyncGenerator[_Done]:
    """Yield each key as it is done, whichever is first."""
    for one in gone:
        yield one
    waiting, asked = list(rows), dict[asyncio.Task[_Done], str]()
    try:
        while waiting or asked:
            while waiting and len(asked) < AT_ONCE:
                row = _next(waiting, Counter(asked.values()))
                asked[asyncio.create_task(_check(portal, principal, row))] = row.provider
            finished, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                del asked[task]
                yield task.result()
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


def _next(waiting: list[CredentialRow], asked: Counter[str]) -> CredentialRow:
    """Take a key of the provider that is asked least at the moment: a slow one never takes all places."""
    row = min(waiting, key=lambda candidate: asked[candidate.provider])
    waiting.remove(row)
    return row


async def _check(portal: Portal, principal: Principal, row: CredentialRow) -> _Done:
    try:
        return _Done(row.id, await check_row(portal, principal, row, Question(), wait=True))
    except KeyPortalError as refusal:
        return _Done(row.id, problem=refusal.message)
