"""One clock for many who wait: a timer for each would cost more than the rest of a short request."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class SharedDeadline:
    """Ends a wait after `seconds`, or up to a quarter more. Belongs to one event loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def wait_for(self, coming: Awaitable[T]) -> T:
        """Raises TimeoutError when it did not come in time."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        self._since[task] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(self._seconds / 4, self._look, loop)
        try:
            return await coming
        except asyncio.CancelledError:
            # Somebody else's cancel, as when the server stops, goes on.
            if task in self._late and not task.uncancel():
                raise TimeoutError from None
            raise
        finally:
            del self._since[task]
            self._late.discard(task)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        for task, since in self._since.items():
            # In the order they came: whoever is behind one in time is in time.
            if loop.time() - since < self._seconds:
                break
            if task not in self._late:
                self._late.add(task)
                task.cancel()
        self._timer = loop.call_later(self._seconds / 4, self._look, loop) if self._since else None
