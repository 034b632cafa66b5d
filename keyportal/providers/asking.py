"""One check of one key, request by request: what to ask next, and what was answered.

Holds the secret for as long as it runs, and puts nothing into an answer that could echo it.
"""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote

from keyportal.domain.checks import Outcome
from keyportal.domain.errors import InvalidInput
from keyportal.domain.secret import Secret
from keyportal.providers.base import Check, Finding, GoogleToken, HeaderAuth, Provider, Rule
from keyportal.providers.http import GuardedClient, Reply, Unreachable, is_sendable
from keyportal.providers.inspecting import as_object
from keyportal.providers.reading import Comparison, Verdict, clean, read
from keyportal.providers.signing import (
    GOOGLE_TOKEN_URL,
    Request,
    authorised,
    google_token_request,
    telling_parts,
)

RETRY_AFTER_S = 5.0
# A route closed to the key says nothing about the key: the fallback may say more.
_CLOSED = (Outcome.VALID_LIMITED, Outcome.UNCHECKED)
# How a server that looks at keys answers a made-up one.
_REFUSED_STATUSES = (400, 401, 403)
Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class Answered:
    """A verdict, cleaned, with what the reply it came from tells."""

    verdict: Verdict
    status: int
    latency_ms: int
    comparison: Comparison | None = None


class Run:
    def __init__(
        self,
        provider: Provider,
        secret: Secret,
        fields: Mapping[str, str],
        client: GuardedClient,
        pause: Pause,
    ) -> None:
        self.provider = provider
        self._secret = secret
        self._fields = fields
        self._client = client
        self._pause = pause
        self.check = provider.check_for(secret.reveal())
        self.own_model = fields.get(provider.model_field, "")
        private = [fields[f.name] for f in provider.fields if f.secret and f.name in fields]
        self._telling = [*telling_parts(secret), *private]

    async def ask_about_key(self) -> Answered:
        """Raises InvalidInput, Unreachable, TimeoutError: no verdict was reached."""
        deadline = asyncio.get_running_loop().time() + self._client.deadline_s
        async with asyncio.timeout_at(deadline):
            answered = await self._ask_fully(self.check)
        if answered.verdict.outcome is Outcome.VALID and self.check.models is not None:
            listed = await self._list_models(self.check.models, deadline)
            answered = replace(answered, verdict=_with_models(answered.verdict, listed))
        return answered

    async def ask_about_model(self, check: Check, model: str) -> Answered | None:
        """Return None where nothing was answered."""
        try:
            async with asyncio.timeout(self._client.deadline_s):
                return await self._ask(check, model)
        except (TimeoutError, Unreachable, InvalidInput):
            return None

    async def _ask_fully(self, check: Check) -> Answered:
        answered = await self._ask(check)
        if check.retry_code and answered.verdict.code == check.retry_code:
            await self._pause(RETRY_AFTER_S)
            answered = await self._ask(check)
        if check.fallback is not None and answered.status != 200 and answered.verdict.outcome in _CLOSED:
            return await self._fall_back(check.fallback, answered)
        if check.compare_made_up and answered.verdict.outcome in (Outcome.VALID, Outcome.VALID_LIMITED):
            return await self._compared(check, answered)
        if check.follow_up is not None and answered.verdict.outcome is Outcome.VALID:
            return await self._ask_fully(check.follow_up)
        return answered

    async def _fall_back(self, check: Check, answered: Answered) -> Answered:
        try:
            other = await self._ask_fully(check)
        except Unreachable:
            return answered
        has_failed = other.verdict.outcome is Outcome.PROVIDER_ERROR
        is_silent = other.verdict.outcome in _CLOSED and other.comparison is None
        return answered if has_failed or is_silent else other

    async def _list_models(self, check: Check, deadline: float) -> Verdict | None:
        """Ask for what is nice to know: without an answer the verdict stands as it is."""
        try:
            async with asyncio.timeout_at(deadline):
                return (await self._ask(check)).verdict
        except (TimeoutError, Unreachable):
            return None

    async def _compared(self, check: Check, answered: Answered) -> Answered:
        """Ask the same with a made-up key: an answer proves something only where that one is refused."""
        auth = check.auth if isinstance(check.auth, HeaderAuth) else HeaderAuth("Authorization", "Bearer ")
        made_up = authorised(self._request(check), auth, Secret(f"sk-{secrets.token_hex(24)}"), {})
        try:
            status = (await self._send(made_up)).status
        except Unreachable:
            status = 0
        if status == answered.status:
            found = Comparison.ALIKE
        elif status in _REFUSED_STATUSES:
            return answered
        else:
            found = Comparison.UNCLEAR
        verdict = replace(answered.verdict, outcome=Outcome.UNCHECKED)
        return replace(answered, verdict=verdict, comparison=found)

    async def _ask(self, check: Check, model: str = "") -> Answered:
        request = self._request(check, model)
        if isinstance(check.auth, GoogleToken):
            token = await self._google_token(check.auth)
            if isinstance(token, Answered):
                return token
            self._telling.append(token.reveal())
            request = authorised(request, HeaderAuth("Authorization", "Bearer "), token, self._fields)
        else:
            # Signing may load a library and read a key: neither belongs on the event loop.
            request = await asyncio.to_thread(authorised, request, check.auth, self._secret, self._fields)
        return self._read(check, await self._send(request))

    async def _google_token(self, auth: GoogleToken) -> Secret | Answered:
        url = self.provider.base_url + "/token" if self.provider.is_moved else GOOGLE_TOKEN_URL
        request = await asyncio.to_thread(
            google_token_request, self._secret, auth.scope, url, datetime.now(UTC)
        )
        reply = await self._send(request)
        token = None if reply.truncated else _token_in(reply.body)
        if token is not None and reply.status == 200:
            return token
        # Without a usable token nothing was proven, whatever the rest of the answer looks like.
        return self._read(_TOKEN_CHECK, reply)

    def _request(self, check: Check, model: str = "") -> Request:
        base = check.base_url if check.base_url and not self.provider.is_moved else self.provider.base_url
        fill = self.provider.fill
        headers = dict(check.headers)
        for name, header in check.field_headers:
            if name in self._fields:
                headers[header] = self._fields[name]
        path = fill(check.path, self._fields).replace("{model}", quote(model, safe="/:@"))
        body = None if check.body is None else check.body.replace("{model}", model).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        return Request(check.method, fill(base, self._fields) + path, headers, body)

    async def _send(self, request: Request) -> Reply:
        return await self._client.send(request.method, request.url, request.headers, request.body)

    def _read(self, check: Check, reply: Reply) -> Answered:
        return Answered(clean(read(check, reply), self._telling), reply.status, reply.latency_ms)


def _with_models(verdict: Verdict, listed: Verdict | None) -> Verdict:
    if listed is None or listed.outcome is not Outcome.VALID:
        return verdict
    return replace(verdict, models=listed.models, has_more_models=listed.has_more_models)


def _token_in(body: bytes) -> Secret | None:
    try:
        found = as_object(json.loads(body))
    except (ValueError, RecursionError):
        # Swallowed here: the decoder's error holds the whole document.
        found = None
    token = found.get("access_token") if found is not None else None
    return Secret(token) if isinstance(token, str) and is_sendable(token) else None


def _no_finding(answer: object) -> Finding | None:
    return None


_TOKEN_CHECK = Check(
    path="",
    auth=GoogleToken(""),
    inspect=_no_finding,
    rules=(
        Rule(400, Outcome.INVALID, ("invalid_grant",)),
        Rule(401, Outcome.INVALID, ("invalid_client", "unauthorized_client")),
    ),
    code_paths=("error",),
)
