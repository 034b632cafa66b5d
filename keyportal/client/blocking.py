"""The client that waits."""

import logging
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
from keyportal.client.deadlines import DeadlineTransport, ending_in
from keyportal.client.errors import ClientError
from keyportal.client.outcomes import Outcome, outcome_of

_log = logging.getLogger("keyportal.client")
_sleep = time.sleep


class KeyPortal(Asker):
    """Asks one portal. Threads may share it; a forked process makes its own."""

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
        options = self._options()
        transport = DeadlineTransport(options["verify"] or None)
        self._http = httpx.Client(**options, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that wait for the next call."""
        self._http.close()

    def resolve(self, provider: str, *, user: str | None = None, model: str | None = None) -> Resolution:
        """Return the key to use for a provider right now. `user` is the email of another to act for.

        Ask before every call to the provider: keys are rotated, revoked and stepped back from, and the
        portal counts what is used. Raises ClientError.
        """
        content = self._call(call_to_resolve(provider, user, model), self._budget_s)
        return resolution_in(content, provider)

    def report(
        self, resolution: Resolution | str, outcome: Outcome | str, http_status: int | None = None
    ) -> None:
        """Tell the portal what came of a key; the resolution's id will do. Raises ClientError."""
        self._call(call_to_report(resolution, outcome, http_status), self._budget_s)

    @contextmanager
    def reporting(self, resolution: Resolution) -> Iterator[Resolution]:
        """Report what happens inside: ok, or what an exception of the provider's SDK means.

        The exception goes on. A report that fails is logged and forgotten: the work is done.
        """
        try:
            yield resolution
        except Exception as error:
            if not isinstance(error, ClientError):
                self._report_quietly(resolution, *outcome_of(error))
            raise
        self._report_quietly(resolution, Outcome.OK, None)

    def environment_names(self) -> dict[str, tuple[str, ...]]:
        """Return the variables each provider's key is looked for in, by the provider's id."""
        return environment_names_in(self._call(LIST_PROVIDERS, self._budget_s))

    def _report_quietly(self, resolution: Resolution, outcome: Outcome, http_status: int | None) -> None:
        try:
            self._call(call_to_report(resolution, outcome, http_status), min(REPORT_BUDGET_S, self._budget_s))
        except ClientError as failure:
            _log.warning("the outcome of a call could not be reported: %s", failure.code)

    def _call(self, call: Call, budget_s: float) -> bytes:
        attempts = Attempts(budget_s)
        while isinstance(found := self._try(call, attempts), Failure):
            _sleep(attempts.pause_after(found))
        return found

    def _try(self, call: Call, attempts: Attempts) -> bytes | Failure:
        content, timeout = bytearray(), attempts.begin()
        try:
            with (
                ending_in(attempts.left_s),
                self._http.stream(call.method, call.path, json=call.body, timeout=timeout) as answer,
            ):
                for chunk in answer.iter_raw():
                    content += chunk
                    require_small(content)
        except httpx.TransportError as error:
            return failure_of(error)
        return failure_in(answer, bytes(content)) or bytes(content)
