"""What the portal answers, checked. The key in it shows up in no repr, pickle, comparison or log."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

from keyportal.client.errors import BadAnswer, ClientError, refusal

_CODE = re.compile(r"[a-z_]{1,60}")
_AGENT_KEY = re.compile(r"kpa_\w{6,}")
_LONGEST_MESSAGE = 500
_STRANGE = "What answered does not speak as KeyPortal does. Check the portal's address."
_ANOTHER = (
    "What answered hands out a key of another provider than the one asked for. Check the portal's address."
)


class Kept:
    """Holds what may not be seen. Copies within the process are the same object; pickling is refused."""

    __slots__ = ("__api_key", "__fields")

    def __init__(self, api_key: str, fields: Mapping[str, str]) -> None:
        self.__api_key = api_key
        self.__fields = MappingProxyType(dict(fields))

    def api_key(self) -> str:
        return self.__api_key

    def fields(self) -> Mapping[str, str]:
        return self.__fields

    def __repr__(self) -> str:
        return "(redacted)"

    def __deepcopy__(self, memo: object) -> "Kept":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a resolved key cannot be pickled: resolve again where it is needed")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a resolved key cannot be pickled: resolve again where it is needed")


@dataclass(frozen=True)
class ResolvedCredential:
    """The saved key that was chosen."""

    id: str
    name: str
    mask: str


@dataclass(frozen=True)
class Replaced(ResolvedCredential):
    """The saved key that stepped back because it fails."""


C = TypeVar("C", bound=ResolvedCredential)


@dataclass(frozen=True)
class Resolution:
    """The key to use, and where it came from.

    `credential` is None for a variable of the server. `base_url` is empty where the portal does not
    know the provider's address. `failed_over_from` is the key that this one stands in for, if one does.
    """

    provider: str
    source: str
    credential: ResolvedCredential | None
    base_url: str
    resolution_id: str
    failed_over_from: Replaced | None
    _kept: Kept = field(repr=False, compare=False)

    @property
    def api_key(self) -> str:
        """The key in plain text, for the provider's SDK. Do not print, log or store it."""
        return self._kept.api_key()

    @property
    def fields(self) -> Mapping[str, str]:
        """What the provider needs besides, such as a region. Some are as secret as the key."""
        return self._kept.fields()


def resolution_in(content: bytes, asked: str) -> Resolution:
    """Return what was answered to a resolve for the provider asked for. Raises BadAnswer."""
    answer = _object_in(content)
    fields, provider = answer.get("fields"), _text(answer, "provider")
    if not isinstance(fields, dict):
        raise BadAnswer(_STRANGE)
    # The id says what becomes of a key, such as the variables of a program: it is the caller's to choose.
    if provider != asked.strip().lower():
        raise BadAnswer(_ANOTHER)
    return Resolution(
        provider=provider,
        source=_text(answer, "source"),
        credential=_credential(ResolvedCredential, answer.get("credential")),
        base_url=_text(answer, "base_url"),
        resolution_id=_text(answer, "resolution_id"),
        failed_over_from=_credential(Replaced, answer.get("failed_over_from")),
        _kept=Kept(_text(answer, "api_key"), {str(k): str(v) for k, v in fields.items()}),
    )


def environment_names_in(content: bytes) -> dict[str, tuple[str, ...]]:
    """Return each provider's variables by its id, as GET /api/providers tells them. Raises BadAnswer."""
    items = _object_in(content).get("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadAnswer(_STRANGE)
    return {str(item.get("id", "")): _names(item.get("environment_names")) for item in items}


def error_in(status: int, content: bytes) -> ClientError:
    """Return the refusal that stands in an answer, or BadAnswer where none of the portal's does."""
    if 300 <= status < 400:
        return BadAnswer(
            "The portal's address sends on to another one, and keys do not go along. Use the address"
            " that the portal's own pages have.",
            status=status,
        )
    try:
        error = _object_in(content).get("error")
    except BadAnswer:
        error = None
    found = error if isinstance(error, dict) else {}
    code, message = found.get("code"), found.get("message")
    if isinstance(code, str) and _CODE.fullmatch(code) and isinstance(message, str):
        return refusal(status, code, _plain(message))
    return BadAnswer(_STRANGE, status=status)


def _plain(message: str) -> str:
    """Return what may be shown in a terminal and written into a log: one line, no agent key."""
    printable = "".join(c if c.isprintable() else " " for c in message)
    return _AGENT_KEY.sub("kpa_…", printable)[:_LONGEST_MESSAGE]


def _object_in(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    # Raised outside the handler: the decoder's error holds the whole answer.
    if not isinstance(found, dict):
        raise BadAnswer(_STRANGE)
    return found


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str):
        raise BadAnswer(_STRANGE)
    return value


def _names(found: Any) -> tuple[str, ...]:
    names = found or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadAnswer(_STRANGE)
    return tuple(names)


def _credential(kind: type[C], found: Any) -> C | None:
    if not isinstance(found, dict):
        return None
    return kind(*(str(found.get(name, "")) for name in ("id", "name", "mask")))
