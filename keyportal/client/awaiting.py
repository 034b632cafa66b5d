"""The client for asyncio."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import httpx

from keyportal.client.answers import Resolution, environment_names_in, resolution_in
from keyportal.client.asking import (
    LIST_PROVIDERS,
    Asker,
    Call,
    call_to_report,
    call_to_resolve,
    failure_in,
    require_small,
)
from keyportal.client.attempts import BUDGET_S, REPORT_BUDGET_S, Attempts, Failure, failure_of
from keyportal.client.errors import ClientError
from keyportal.client.outcomes import Outcome, outcome_of

_log = logging.getLogger("keyportal.client")
_sleep = asyncio.sleep


class AsyncKeyPortal(Asker):
    """Asks one portal from asyncio. Belongs to the event loop it is used on first."""

    def __init__(
        self,
        url: str | None = None,
        agent_key: str | None = None,
        *,
        allow_http: bool = False,
        budget_s: float = BUDGET_S,
        verify: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(url, agent_key, allow_http=allow_http, budget_s=budget_s, verify=verify)
        self._http = httpx.AsyncClient(**self._options())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections that wait for the next call."""
        await self._http.aclose()

    async def resolve(
        self, provider: str, *, user: str | None = None, model: str | None = None
    ) -> Resolution:
        """Return the key to use for a provider right now; see KeyPortal.resolve. Raises ClientError."""
        content = await self._call(call_to_resolve(provider, user, model), self._budget_s)
        return resolution_in(content, provider)

    async def report(
        self, resolution: Resolution | str, outcome: Outcome | str, http_status: int | None = None
    ) -> None:
        """Tell the portal what came of a key; the resolution's id will do. Raises ClientError."""
        await self._call(call_to_report(resolution, outcome, http_status), self._budget_s)

    @asynccontextmanager
    async def reporting(self, resolution: Resolution) -> AsyncIterator[Resolution]:
        """Report what happens inside; see KeyPortal.reporting. A call that is cancelled reports nothing."""
        try:
            yield resolution
        except Exception as error:
            if not isinstance(error, ClientError):
                await self._report_quietly(resolution, *outcome_of(error))
            raise
        await self._report_quietly(resolution, Outcome.OK, None)

    async def environment_names(self) -> dict[str, tuple[str, ...]]:
        """Return the variables each provider's key is looked for in, by the provider's id."""
        return environment_names_in(await self._call(LIST_PROVIDERS, self._budget_s))

    async def _report_quietly(self, resolution: Resolution, outcome: Outcome, status: int | None) -> None:
        try:
            await self._call(
                call_to_report(resolution, outcome, status), min(REPORT_BUDGET_S, self._budget_s)
            )
        except ClientError as failure:
            _log.warning("the outcome of a call could not be reported: %s", failure.code)

    async def _call(self, call: Call, budget_s: float) -> bytes:
        attempts = Attempts(budget_s)
        while isinstance(found := await self._try(call, attempts), Failure):
            await _sleep(attempts.pause_after(found))
        return found

    async def _try(self, call: Call, attempts: Attempts) -> bytes | Failure:
        content, timeout = bytearray(), attempts.begin()
        try:
            # httpx bounds each read, and not all of them together.
            async with (
                asyncio.timeout(attempts.left_s),
                self._http.stream(call.method, call.path, json=call.body, timeout=timeout) as answer,
            ):
                async for chunk in answer.aiter_raw():
                    content += chunk
                    require_small(content)
        except (httpx.TransportError, TimeoutError) as error:
            return failure_of(error)
        return failure_in(answer, bytes(content)) or bytes(content)
