"""The Test button's call: ask about a key, put the answers into a typed result with a sentence.

Never raises for anything a provider answers, and never lets its body or the secret into the result.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import replace

from keyportal.domain.checks import CheckResult, Outcome
from keyportal.domain.errors import InvalidInput
from keyportal.domain.secret import Secret
from keyportal.providers.asking import Answered, Pause, Run
from keyportal.providers.base import HeaderAuth, Provider
from keyportal.providers.http import GuardedClient, Reason, Unreachable, elapsed_ms, is_sendable
from keyportal.providers.reading import Verdict
from keyportal.providers.wording import sentence_for, sentence_for_model, sentence_without_reply

# Listed beside the models that hold a conversation, and unable to.
_NO_CHAT = re.compile("embed|whisper|tts|audio|speech|image|video|dall-e|moderation|rerank|ocr|guard", re.I)
_NOT_ALLOWED = (401, 403)


async def check(
    provider: Provider,
    secret: Secret,
    fields: Mapping[str, str],
    client: GuardedClient,
    *,
    with_model: bool = False,
    model: str = "",
    pause: Pause = asyncio.sleep,
) -> CheckResult:
    """Ask a provider about a key and, if wanted, whether it may use a model.

    `model` is a model's clean id; without one it is chosen from what the key can see. The client's
    deadline covers each of the two questions as a whole.
    """
    started = time.monotonic()
    try:
        run = Run(provider, secret, _ready(provider, secret, fields), client, pause)
        answered = await run.ask_about_key()
    except InvalidInput as problem:
        return CheckResult(Outcome.UNCHECKED, problem.message)
    except (TimeoutError, Unreachable) as problem:
        reason = problem.reason if isinstance(problem, Unreachable) else Reason.TIMEOUT
        message = sentence_without_reply(provider, reason)
        return CheckResult(Outcome.UNREACHABLE, message, latency_ms=elapsed_ms(started))
    result = _result(provider, answered)
    if with_model and result.outcome in (Outcome.VALID, Outcome.VALID_LIMITED):
        return await _with_model(run, result, model)
    return result


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


def _ready(provider: Provider, secret: Secret, fields: Mapping[str, str]) -> dict[str, str]:
    """Return clean fields. Raises InvalidInput with what keeps this key from being asked about."""
    if not provider.base_url:
        raise InvalidInput(f"{provider.name} has no address to ask. An admin can set its base URL.")
    if isinstance(provider.check_for(secret.reveal()).auth, HeaderAuth) and not is_sendable(secret.reveal()):
        raise InvalidInput(
            "This key is empty or holds a character no API key has. Copy it again and replace it."
        )
    return provider.clean_fields(fields)


async def _with_model(run: Run, result: CheckResult, model: str) -> CheckResult:
    """Add what a model check finds: only what concerns the key itself changes its outcome."""
    provider = run.provider
    chosen = model or run.own_model or _choose(provider, result.models)
    if run.check.model_check is None or not chosen:
        return replace(result, message=f"{result.message} There is no model to test it with here.")
    answered = await run.ask_about_model(run.check.model_check, chosen)
    verdict = answered.verdict if answered else Verdict(Outcome.UNREACHABLE)
    if verdict.outcome is Outcome.QUOTA_EXHAUSTED and answered:
        message = sentence_for(provider, verdict, answered.status)
    else:
        message = f"{result.message} {sentence_for_model(provider, chosen, verdict)}"
    return replace(
        result,
        outcome=_overall(result.outcome, verdict.outcome, answered.status if answered else 0),
        message=message,
        code=verdict.code or result.code,
        http_status=answered.status if answered else result.http_status,
        latency_ms=answered.latency_ms if answered else result.latency_ms,
        model=chosen,
        model_outcome=verdict.outcome,
    )


def _overall(of_key: Outcome, of_model: Outcome, status: int) -> Outcome:
    if of_model is Outcome.QUOTA_EXHAUSTED:
        return of_model
    # The key was accepted a moment ago: being refused here is about this model. That it is not found may
    # be a retired model or a typing error, and says nothing of the key.
    is_refused = of_model in (Outcome.INVALID, Outcome.VALID_LIMITED) and status in _NOT_ALLOWED
    return Outcome.VALID_LIMITED if is_refused else of_key


def _choose(provider: Provider, listed: tuple[str, ...]) -> str:
    """Return the first preferred model the key can see, else one that talks; without a list the first."""
    preferred = provider.preferred_models
    if not listed:
        return next(iter(preferred), "")
    seen = (model for wanted in preferred for model in listed if model.startswith(wanted))
    talking = (model for model in listed if not _NO_CHAT.search(model))
    return next(seen, next(talking, listed[0]))


def _result(provider: Provider, answered: Answered) -> CheckResult:
    verdict = answered.verdict
    return CheckResult(
        verdict.outcome,
        sentence_for(provider, verdict, answered.status, answered.comparison),
        verdict.code,
        answered.status,
        answered.latency_ms,
        verdict.models,
        verdict.has_more_models,
        verdict.balance,
    )
