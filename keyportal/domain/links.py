"""What a key may be linked to besides its own provider: patterns of model names, and which is closest.

Only `*` is special in a pattern, and case counts, as in the names themselves.
"""

import re
import unicodedata

from keyportal.domain.errors import InvalidInput

PATTERN_LIMIT = 120
_FIELD = "model_pattern"


def require_pattern(typed: str) -> str:
    """Return a pattern such as `gpt-4o*` without outer space; an empty one stands for every model."""
    if len(typed) > 4 * PATTERN_LIMIT:
        raise InvalidInput(f"A model pattern has at most {PATTERN_LIMIT} characters.", field=_FIELD)
    pattern = re.sub(r"\*+", "*", typed.strip())
    if len(pattern) > PATTERN_LIMIT:
        raise InvalidInput(f"A model pattern has at most {PATTERN_LIMIT} characters.", field=_FIELD)
    if any(unicodedata.category(c)[0] in "CZ" for c in pattern):
        raise InvalidInput("A model pattern is one word, such as gpt-4o*.", field=_FIELD)
    return pattern


def matches(pattern: str, model: str) -> bool:
    """Tell whether a model is one of those a pattern stands for. Takes as long as the name, however odd."""
    first, *others = pattern.split("*")
    if not others:
        return pattern == model
    *middle, last = others
    at, end = len(first), len(model) - len(last)
    if at > end or not (model.startswith(first) and model.endswith(last)):
        return False
    for piece in middle:
        found = model.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def closeness(pattern: str) -> int:
    """Return how specific a pattern is: how many of its characters stand for themselves."""
    return len(pattern.replace("*", ""))
