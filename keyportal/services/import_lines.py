"""Reads the lines of a `.env` file: what each one assigns, and why a line cannot be used.

Nothing is interpolated, and no reason ever repeats a value or a name that could be one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from dotenv.parser import Binding, parse_stream

from keyportal.domain.credentials import VALUE_LIMIT, is_placeholder, require_value
from keyportal.domain.errors import InvalidInput
from keyportal.domain.secret import Secret
from keyportal.vault.tokens import parse_agent_token

TEXT_LIMIT = 200_000
LINES_LIMIT = 1000
_SHORTEST = 8
_NAME_LIMIT = 100

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
# The parser looks for a comment from each character of a run of spaces; nothing is lost without most of it.
_LONG_GAP = re.compile(r"[^\S\r\n]{65,}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# In small letters only words and short numbers: `sk_live_4f9a0b` may be a key.
_PLAIN_NAME = re.compile(r"[A-Z_][A-Z0-9_]*|[a-z]+(_([a-z]+[0-9]{0,2}|[0-9]{1,4}))+", re.ASCII)
_SHELL_VARIABLE = re.compile(r"\$\(?[A-Za-z_]")
# Nothing may be read in two ways here: a long row of digits would be tried in all of them.
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)")
_SWITCHES = frozenset({"true", "false", "yes", "no", "on", "off", "enabled", "disabled"})
_OWN = frozenset({"API_KEY_ENCRYPTION_KEY", "API_KEY_ENCRYPTION_KEY_PREVIOUS", "API_KEY_ENCRYPTION_KEY_FILE"})
_SETTINGS = frozenset(
    (
        *("PATH", "HOME", "USER", "SHELL", "LANG", "PWD", "TERM", "TZ", "TMPDIR", "HOSTNAME", "HOST", "PORT"),
        *("NODE_ENV", "DEBUG", "ENV", "ENVIRONMENT", "LOG_LEVEL", "PYTHONPATH", "DATABASE_URL", "REDIS_URL"),
    )
)


@dataclass(frozen=True)
class Line:
    """One assignment that could be a key."""

    number: int
    name: str
    value: Secret


@dataclass(frozen=True)
class RefusedLine:
    """A line nothing is made of. `name` is empty where it could be a value out of its place."""

    number: int
    name: str
    reason: str


@dataclass(frozen=True)
class Lines:
    """`all_values` are those of refused lines too: a region stands beside its key."""

    usable: list[Line]
    refused: list[RefusedLine]
    all_values: dict[str, Secret]


def read_lines(text: Secret) -> Lines:
    """Raises InvalidInput for a text that is empty, or larger than one import may be."""
    _require_size(text.reveal())
    assigned, refused = _parsed(text.reveal())
    last = {line.name: line.number for line in assigned}
    usable: list[Line] = []
    for line in assigned:
        reason = _duplicate(line, last) or _not_a_key(line)
        if reason:
            refused.append(RefusedLine(line.number, shown_name(line.name), reason))
        else:
            usable.append(line)
    refused.sort(key=lambda line: line.number)
    return Lines(usable, refused, {line.name: line.value for line in assigned})


def _require_size(text: str) -> None:
    if not text.strip():
        raise InvalidInput("Paste the lines of a .env file, or choose one.", field="text")
    if len(text.encode("utf-8", "replace")) > TEXT_LIMIT:
        raise InvalidInput(f"This is more than {TEXT_LIMIT // 1000} kB. Import it in parts.", field="text")
    if len(_LINE_BREAK.findall(text.strip("\r\n"))) >= LINES_LIMIT:
        raise InvalidInput(f"These are more than {LINES_LIMIT:,} lines. Import them in parts.", field="text")


def _parsed(text: str) -> tuple[list[Line], list[RefusedLine]]:
    assigned: list[Line] = []
    refused: list[RefusedLine] = []
    for number, binding in _bindings(text):
        reason = _unreadable(binding)
        if reason:
            refused.append(RefusedLine(number, "", reason))
        elif binding.key is not None:
            assigned.append(Line(number, binding.key, Secret(binding.value or "")))
    return assigned, refused


def _bindings(text: str) -> Iterator[tuple[int, Binding]]:
    """Yield what dotenv reads with the number of the line it begins on."""
    for binding in parse_stream(StringIO(_LONG_GAP.sub(" " * 64, text))):
        before = binding.original.string[: -len(binding.original.string.lstrip()) or None]
        yield binding.original.line + len(_LINE_BREAK.findall(before)), binding


def _unreadable(binding: Binding) -> str:
    if binding.error:
        return "This cannot be read. Write NAME=value, with both quotes or none."
    if binding.key is None:
        return ""
    if binding.value is None:
        return "There is no equals sign. Write NAME=value."
    if not _NAME.fullmatch(binding.key) or len(binding.key) > _NAME_LIMIT:
        return "This is not a variable's name. It has letters, digits and underscores."
    if _LINE_BREAK.search(binding.original.string.strip()):
        return "The value has several lines. Add this key by hand."
    return ""


def _duplicate(line: Line, last: dict[str, int]) -> str:
    again = last[line.name]
    return "" if again == line.number else f"Line {again} sets it again, and the last one counts."


def _not_a_key(line: Line) -> str:
    name, value = line.name.upper(), line.value.reveal().strip()
    if name in _OWN or name.startswith("KEYPORTAL_"):
        return "This is a setting of KeyPortal itself and is never saved as a key."
    if name in _SETTINGS:
        return "This is a setting of a program, not a key."
    if not value:
        return "It has no value."
    if len(value) > VALUE_LIMIT:
        # Before anything that looks at its shape: that may take long.
        return f"An API key has at most {VALUE_LIMIT} characters."
    if is_placeholder(value) or _is_reference(value):
        return "The value is a placeholder. Put the key itself there."
    if _NUMBER.fullmatch(value) or value.lower() in _SWITCHES:
        return "The value is a number or a switch, not a key."
    if parse_agent_token(value) is not None:
        return "The value is an agent key of KeyPortal."
    return _unsavable(line.value)


def _is_reference(value: str) -> bool:
    return _SHELL_VARIABLE.match(value) is not None or "}" in value.partition("${")[2]


def _unsavable(value: Secret) -> str:
    try:
        cleaned = require_value(value.reveal())
    except InvalidInput as refusal:
        return refusal.message
    return "It is too short for a key." if len(cleaned.secret.reveal()) < _SHORTEST else ""


def shown_name(name: str) -> str:
    """Return a variable's name; nothing for one that could be a key, or the beginning of one."""
    return name if _PLAIN_NAME.fullmatch(name) else ""
