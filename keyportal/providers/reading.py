"""Turns a reply into a verdict by HTTP status and machine code, never by wording.

Whatever a provider sends, reading it never raises.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keyportal.domain.checks import Outcome, is_model_name
from keyportal.providers.base import Check, Finding, Rule
from keyportal.providers.http import Reply
from keyportal.providers.inspecting import as_list, as_object

_PIECE = 8
_MAX_MODELS = 500
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# How often the end of a cut list is looked for: more than any entry nests.
_CUTS = 64

# Read after the provider's own rules. A status that stands nowhere proves nothing about the key.
_COMMON_RULES = (
    Rule(401, Outcome.INVALID),
    Rule(402, Outcome.QUOTA_EXHAUSTED),
    Rule(403, Outcome.VALID_LIMITED),
    Rule(429, Outcome.QUOTA_EXHAUSTED, ("insufficient_quota", "credit_balance_exhausted")),
    Rule(429, Outcome.RATE_LIMITED),
)


@dataclass(frozen=True)
class Verdict:
    """What a reply means. Nothing in it has been cleaned of the secret yet; `clean` does that."""

    outcome: Outcome
    code: str | None = None
    models: tuple[str, ...] = ()
    balance: str | None = None
    has_more_models: bool = False


def read(check: Check, reply: Reply) -> Verdict:
    """Read a reply as the provider's own rules say, then as the common ones do."""
    answer = _parse(reply)
    if reply.status == 200:
        finding = _inspect(check, answer)
        if finding is None:
            return Verdict(Outcome.UNCHECKED)
        return Verdict(finding.outcome, None, finding.models, finding.balance, reply.truncated)
    codes = tuple(_codes(answer, check.code_paths))
    for rule in check.rules + _COMMON_RULES:
        told = next((code for code in codes if code in rule.codes), None)
        if rule.status == reply.status and (told or not rule.codes):
            return Verdict(rule.outcome, told or next(iter(codes), None))
    return Verdict(_outcome_of_status(reply.status), next(iter(codes), None))


def clean(verdict: Verdict, telling: Iterable[str]) -> Verdict:
    """Keep only what is well-formed and holds no piece of what is secret, which a reply may echo."""
    pieces = frozenset[str]().union(*(_pieces(text) for text in telling))

    def is_clean(text: str) -> bool:
        return not any(piece in text.casefold() for piece in pieces)

    code, balance = verdict.code, verdict.balance
    models = tuple(model for model in verdict.models if is_model_name(model) and is_clean(model))
    return Verdict(
        verdict.outcome,
        code if code and _CODE.fullmatch(code) and is_clean(code) else None,
        models[:_MAX_MODELS],
        balance if balance and is_clean(balance) else None,
        has_more_models=bool(models) and (verdict.has_more_models or len(models) > _MAX_MODELS),
    )


def _outcome_of_status(status: int) -> Outcome:
    if 500 <= status <= 599:
        return Outcome.PROVIDER_ERROR
    if 300 <= status <= 399:
        # An API does not redirect; whatever lives at this address is not it.
        return Outcome.REGION_OR_ENDPOINT_MISMATCH
    return Outcome.UNCHECKED


def _inspect(check: Check, answer: object) -> Finding | None:
    try:
        return check.inspect(answer)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # A reader that stumbles over a shape has not recognised it.
        return None


def _parse(reply: Reply) -> object:
    if reply.truncated:
        return _parse_cut(reply.body)
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def _parse_cut(body: bytes) -> object:
    """Close a list that is longer than we read after its last whole entry.

    An account with many models must not leave a good key unchecked.
    """
    end = len(body)
    for _ in range(_CUTS):
        end = body.rfind(b"}", 0, end)
        if end < 0:
            break
        for closing in (b"]}", b"]"):
            try:
                return json.loads(body[: end + 1] + closing)
            except (ValueError, RecursionError):
                continue
    return None


def _codes(answer: object, paths: tuple[str, ...]) -> Iterator[str]:
    for path in paths:
        for value in _walk([answer], path):
            if isinstance(value, str) and value:
                # AWS writes namespace#Code.
                yield value.rpartition("#")[2]


def _walk(values: list[object], path: str) -> list[object]:
    for step in path.split("."):
        name = step.removesuffix("[]")
        found: list[object] = []
        for parent in map(as_object, values):
            found += [parent[name]] if parent is not None and name in parent else []
        values = [item for value in found for item in as_list(value) or []] if step.endswith("[]") else found
    return values


def _pieces(secret_text: str) -> frozenset[str]:
    folded = secret_text.casefold()
    size = min(_PIECE, len(folded))
    return frozenset(folded[start : start + size] for start in range(len(folded) - size + 1)) - {""}
