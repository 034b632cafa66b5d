"""Test all: the keys shown or selected, tested while the tab goes on; it can be stopped at any time."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

import reflex as rx

from keyportal.domain.errors import KeyPortalError
from keyportal.domain.principals import Permission, Principal
from keyportal.services import check_batches
from keyportal.services.check_batches import BatchStep
from keyportal.ui.shared.credentials.check_values import row_after, summary_of
from keyportal.ui.shared.credentials.page_state import CredentialPageState
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import current_portal

T = TypeVar("T")
# Whoever stops a batch waits at most this long, however slow a provider is.
_LOOK_EVERY_S = 0.3


@dataclass(frozen=True)
class _Batch:
    """One press of Test all: who pressed it, and for which keys."""

    number: str
    principal: Principal
    ids: tuple[str, ...]


class BatchState(CredentialPageState, mixin=True):
    """Goes with the list, whose rows it updates as their keys are done."""

    batch_is_running: bool = False
    batch_is_stopping: bool = False
    batch_done: int = 0
    batch_total: int = 0
    batch_summary: str = ""
    batch_is_problem: bool = False
    _batch_number: str = ""

    @rx.event(background=True)
    @guarded(Permission.CREDENTIALS_CHECK)
    async def test_all(self) -> None:
        await self._test_many(only_selected=False)

    @rx.event(background=True)
    @guarded(Permission.CREDENTIALS_CHECK)
    async def test_selected(self) -> None:
        await self._test_many(only_selected=True)

    @rx.event
    @guarded(Permission.CREDENTIALS_CHECK)
    async def stop_batch(self) -> None:
        self.batch_is_stopping = self.batch_is_running

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def dismiss_summary(self) -> None:
        self.batch_summary = ""

    def _opened_anew(self) -> None:
        if not self.batch_is_running:
            self.batch_summary = ""

    async def _test_many(self, *, only_selected: bool) -> None:
        """Hold the state only for the moment in which a row changes, never while a provider is asked."""
        async with self:
            batch = self._begin_batch(only_selected=only_selected)
        if batch is None:
            return
        tally, problem = Counter[str](), KeyPortalError.message
        try:
            steps = check_batches.check_many(current_portal(), batch.principal, batch.ids)
            async with aclosing(_while_wanted(steps, lambda: self._is_wanted(batch))) as wanted:
                async for step in wanted:
                    tally[step.found.outcome if step.found else "unchecked"] += 1
                    async with self:
                        await self._show_step(batch, step)
            problem = ""
        except KeyPortalError as refusal:
            problem = refusal.message
        finally:
            async with self:
                await self._end_batch(batch, tally, problem)

    def _begin_batch(self, *, only_selected: bool) -> _Batch | None:
        """Mark the keys as being asked about; None if that may not or need not be done."""
        ids = tuple(row.id for row in self.rows if not only_selected or row.id in self.selected)
        if self.batch_is_running or not ids:
            return None
        try:
            batch = _Batch(uuid4().hex, self._principal(), ids)
        except KeyPortalError as refusal:
            self._show_refusal(refusal)
            return None
        self._batch_number, self.testing_ids = batch.number, [*self.testing_ids, *batch.ids]
        self.batch_is_running, self.batch_is_stopping = True, False
        self.batch_done, self.batch_total, self.batch_summary = 0, len(batch.ids), ""
        return batch

    async def _is_wanted(self, batch: _Batch) -> bool:
        async with self:
            return await self._is_current(batch) and not self.batch_is_stopping

    async def _is_current(self, batch: _Batch) -> bool:
        return self._batch_number == batch.number and await self._is_still_there(batch.principal)

    async def _show_step(self, batch: _Batch, step: BatchStep) -> None:
        if not await self._is_current(batch):
            return
        self.batch_done = step.done
        self.testing_ids = [i for i in self.testing_ids if i != step.credential_id]
        if step.found is not None:
            found = step.found
            self.rows = [row_after(r, found) if r.id == found.credential_id else r for r in self.rows]

    async def _end_batch(self, batch: _Batch, tally: Counter[str], problem: str) -> None:
        """Say how it went and read the list once, unless the tab is somebody else's by now."""
        try:
            if not await self._is_current(batch):
                return
            done, total = tally.total(), len(batch.ids)
            stopped = f"Stopped after {done} of {total}." if done < total and not problem else ""
            self.batch_summary = " ".join(part for part in (problem, stopped, summary_of(tally)) if part)
            self.batch_is_problem, self._batch_number = bool(problem), ""
            self.batch_is_running = self.batch_is_stopping = False
            self.testing_ids = [i for i in self.testing_ids if i not in batch.ids]
            await self._refresh()
        except KeyPortalError as refusal:
            self._show_refusal(refusal)


async def _while_wanted(
    steps: AsyncGenerator[T], is_wanted: Callable[[], Awaitable[bool]]
) -> AsyncGenerator[T]:
    """Yield each step; when they are not wanted any more, cancel the one that is waited for."""

    async def take() -> T | None:
        return await anext(steps, None)

    waiting: asyncio.Task[T | None] | None = None
    try:
        while True:
            waiting = asyncio.create_task(take())
            while not (await asyncio.wait([waiting], timeout=_LOOK_EVERY_S))[0]:
                if not await is_wanted():
                    return
            if (step := waiting.result()) is None:
                return
            yield step
            if not await is_wanted():
                return
    finally:
        if waiting is not None and not waiting.done():
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await steps.aclose()
