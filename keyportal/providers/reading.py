"""Turns a reply into a verdict by HTTP status and machine code, never by wording.

Whatever a provider sends, reading it never raises.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from keyportal.domain.checks import Outcome, is_model_name
from keyportal.providers.base import Check, Finding, Rule
from keyportal.providers.http import Reply
from keyportal.providers.inspecting import as_list, as_object

_PIECE = 8
_MAX_MODELS = 500
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LONGEST_BALANCE = 64
_CLOSED_BY = {"[": "]", "{": "}"}
# A whole string, so that no bracket inside one counts, or a bracket.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
# Where a page instead of an answer says nothing.
_ABOUT_THE_KEY = (401, 402, 403)

# Read after the provider's own rules. A status that stands nowhere proves nothing about the key.
_COMMON_RULES = (
    Rule(401, Outcome.INVALID),
    Rule(402, Outcome.QUOTA_EXHAUSTED),
    Rule(403, Outcome.VALID_LIMITED),
    Rule(429, Outcome.QUOTA_EXHAUSTED, ("insufficient_quota", "credit_balance_exhausted")),
    Rule(429, Outcome.RATE_LIMITED),
)


class Comparison(StrEnum):
    """How a server answered a made-up key, where that proves nothing about the real one."""

    ALIKE = "alike"
    UNCLEAR = "unclear"


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
    codes = tuple(_codes(answer, check, reply))
    if reply.status == 200:
        finding = None if _tells_of_error(answer) else _inspect(check, answer)
        if finding is None:
            return Verdict(Outcome.UNCHECKED, next(iter(codes), None))
        return Verdict(finding.outcome, None, finding.models, finding.balance, reply.truncated)
    common = () if _is_page(reply) and reply.status in _ABOUT_THE_KEY else _COMMON_RULES
    for rule in check.rules + common:
        told = next((code for code in codes if code in rule.codes), None)
        if rule.status == reply.status and (told or not rule.codes):
            return Verdict(rule.outcome, told or next(iter(codes), None))
    return Verdict(_outcome_of_status(reply.status), next(iter(codes), None))


def clean(verdict: Verdict, telling: Iterable[str]) -> Verdict:
    """Keep only what is well-formed and holds no piece of what is secret, which a reply may echo."""
    pieces = _pieces(telling)

    def is_clean(text: str) -> bool:
        folded = text.casefold()
        return not any(
            folded[start : start + size] in found
            for size, found in pieces.items()
            for start in range(len(folded) - size + 1)
        )

    code, balance = verdict.code, verdict.balance
    listed = verdict.models[:_MAX_MODELS]
    models = tuple(model for model in listed if is_model_name(model) and is_clean(model))
    is_kept = balance is not None and len(balance) <= _LONGEST_BALANCE and is_clean(balance)
    return Verdict(
        verdict.outcome,
        code if code and _CODE.fullmatch(code) and is_clean(code) else None,
        models,
        balance if is_kept else None,
        has_more_models=bool(models) and (verdict.has_more_models or len(verdict.models) > _MAX_MODELS),
    )


def _is_page(reply: Reply) -> bool:
    """Tell whether a page came, as a proxy or a firewall in between sends one: it knows no keys."""
    return reply.body.lstrip()[:1] == b"<"


def _tells_of_error(answer: object) -> bool:
    found = as_object(answer)
    return found is not None and bool(found.get("error"))


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
    """Close what is open after the last whole object or list of a reply longer than we read.

    An account with many models must not leave a good key unchecked.
    """
    text = body.decode("utf-8", "ignore")
    end, closing = _last_whole(text)
    try:
        return json.loads(text[:end] + closing)
    except (ValueError, RecursionError):
        return None


def _last_whole(text: str) -> tuple[int, str]:
    """Return where the last object or list ends, and what closes those around it."""
    open_ones: list[str] = []
    end, closing = 0, ""
    for found in _BRACKETS.finditer(text):
        mark = found[0]
        if mark in _CLOSED_BY:
            open_ones.append(_CLOSED_BY[mark])
        elif mark in "]}":
            if not open_ones or open_ones.pop() != mark:
                break
            end, closing = found.end(), "".join(reversed(open_ones))
    return end, closing


def _codes(answer: object, check: Check, reply: Reply) -> Iterator[str]:
    # AWS writes Code:address in its header and namespace#Code in its bodies.
    if check.code_header and (code := reply.headers.get(check.code_header, "")):
        yield code.partition(":")[0].rpartition("#")[2]
    for path in check.code_paths:
        for value in _walk([answer], path):
            if isinstance(value, str) and value:
                yield value.rpartition("#")[2]


def _walk(values: list[object], path: str) -> list[object]:
    for step in path.split("."):
        name = step.removesuffix("[]")
        found: list[object] = []
        for parent in map(as_object, values):
            found += [parent[name]] if parent is not None and name in parent else []
        values = [item for value in found for item in as_list(value) or []] if step.endswith("[]") else found
    return values


def _pieces(telling: Iterable[str]) -> dict[int, set[str]]:
    """Return every piece of what is secret, by length: eight characters, or the whole of less."""
    pieces: dict[int, set[str]] = {}
    for text in filter(None, telling):
        folded = text.casefold()
        size = min(_PIECE, len(folded))
        found = pieces.setdefault(size, set())
        found.update(folded[start : start + size] for start in range(len(folded) - size + 1))
    return pieces
