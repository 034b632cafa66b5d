"""The Test button's call: build the request, send it, read the answer into a typed result.

Never raises for anything a provider answers, and never lets its body or the secret into the result.
"""

import time
from collections.abc import Mapping

from keyportal.domain.checks import CheckResult, Outcome
from keyportal.domain.errors import InvalidInput
from keyportal.domain.secret import Secret
from keyportal.providers.base import Provider
from keyportal.providers.http import GuardedClient, Reply, Unreachable, elapsed_ms, is_sendable
from keyportal.providers.reading import clean, read
from keyportal.providers.wording import sentence_for, sentence_without_reply


async def check(
    provider: Provider, secret: Secret, fields: Mapping[str, str], client: GuardedClient
) -> CheckResult:
    """Ask a provider about a key. The client's deadline covers the whole call."""
    started = time.monotonic()
    if not is_sendable(secret.reveal()):
        return _unchecked(
            "This key is empty or holds a character no API key has. Copy it again and replace it."
        )
    if not provider.base_url:
        return _unchecked(f"{provider.name} has no address to ask. An operator can set its base URL.")
    try:
        cleaned = provider.clean_fields(fields)
    except InvalidInput as problem:
        return _unchecked(problem.message)
    try:
        reply = await _ask(provider, secret, cleaned, client)
    except Unreachable as problem:
        message = sentence_without_reply(provider, problem.reason)
        return CheckResult(Outcome.UNREACHABLE, message, latency_ms=elapsed_ms(started))
    return _result(provider, secret, reply)


def format_warning(provider: Provider, value: str) -> str | None:
    """Return what is odd about the look of a key, or None. A warning never blocks."""
    value = value.strip()
    for known in provider.formats:
        if known.wrong_kind and known.matches(value):
            return known.wrong_kind
    usual = [known for known in provider.formats if not known.wrong_kind]
    if not value or not usual or any(known.matches(value) for known in usual):
        return None
    labels = " or ".join(known.label for known in usual)
    return f"It does not look like a key of {provider.name} ({labels}). Test it to be sure."


async def _ask(provider: Provider, secret: Secret, fields: Mapping[str, str], client: GuardedClient) -> Reply:
    request = provider.check
    headers = dict(request.headers)
    for name, header in request.field_headers:
        if name in fields:
            headers[header] = fields[name]
    headers[request.auth.header] = request.auth.prefix + secret.reveal()
    return await client.send(request.method, provider.address(fields) + request.path, headers, request.body)


def _result(provider: Provider, secret: Secret, reply: Reply) -> CheckResult:
    verdict = clean(read(provider.check, reply), secret)
    message = sentence_for(provider, verdict.outcome, verdict.code, reply.status, len(verdict.models))
    return CheckResult(
        verdict.outcome,
        message,
        verdict.code,
        reply.status,
        reply.latency_ms,
        verdict.models,
        verdict.balance,
    )


def _unchecked(message: str) -> CheckResult:
    return CheckResult(Outcome.UNCHECKED, message)
