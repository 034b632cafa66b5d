"""What a stored credential is: its statuses, and what may become its value."""

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from keyportal.domain.errors import InvalidInput
from keyportal.domain.masks import looks_like_mask
from keyportal.domain.secret import Secret

VALUE_LIMIT = 8192
_FIELD = "api_key"
_ASSIGNMENT = re.compile(r"(?:export\s+)?(?P<name>[A-Z][A-Z0-9_]{2,})\s*=\s*(?P<value>[^\s=].*)")
_NAME = r"(?:export\s+)?[A-Z][A-Z0-9_]{2,}\s*="
_SECOND_LINE = re.compile(rf"\A{_NAME}.*(?<!\s)\s+{_NAME}\s*[^\s=]", re.DOTALL)
# What stands around a key in a request, a program or a JSON file.
_WRAPPED = re.compile(
    r"(?:Authorization:\s*)?(?:Bearer\s+)?(?P<mark>[\"'`]?)(?P<inside>[^\s\"'`]+)(?P=mark),?", re.IGNORECASE
)
# Only where the white space begins: from each of its places would take ages on a long run.
_COMMENT = re.compile(r"(?<!\s)\s+#")
_QUOTED = re.compile(r"(?P<mark>[\"'])(?P<inside>.*)(?P=mark)(\s+#.*)?")
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u00ad"
_PLACEHOLDER = re.compile(
    r"((sk-([a-z0-9]{2,8}-){0,3})?(your[-_ ].*|x{3,}|\.{3,}|\*+)|sk-x+|<.*>|\{\{.*\}\}|\$\{.*\}"
    r"|changeme|change[-_]me|replace[-_ ]?me|todo|none|null|undefined|placeholder|dummy|test|example"
    r"|insert.*here)",
    re.IGNORECASE,
)


class Ownership(StrEnum):
    """Whose credential it is: one person's, or the deployment's."""

    USER = "user"
    SYSTEM = "system"


class CredentialStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    EXPIRED = "expired"
    UNREADABLE = "unreadable"
    RE_ENTER = "re_enter"


def status_of(
    *, active: bool, expires_at: datetime | None, readable: bool, now: datetime, has_value: bool = True
) -> CredentialStatus:
    """Return the one status shown. A missing value outranks all: nothing can be done with it before that.

    The owner's switch and the date outrank damage.
    """
    if not has_value:
        return CredentialStatus.RE_ENTER
    if not active:
        return CredentialStatus.INACTIVE
    if expires_at is not None and expires_at <= now:
        return CredentialStatus.EXPIRED
    return CredentialStatus.ACTIVE if readable else CredentialStatus.UNREADABLE


@dataclass(frozen=True)
class PastedValue:
    """A value ready to be sealed, and what was cleaned off it (empty when nothing was)."""

    secret: Secret
    notice: str = ""


@dataclass(frozen=True)
class Assignment:
    """A pasted `NAME=value` line, taken apart as a shell or a `.env` file would read it."""

    name: str
    value: Secret


def find_assignment(pasted: str) -> Assignment | None:
    """Return the parts of a `NAME=value` line, without quotes and comment; None for anything else."""
    if len(pasted) > 2 * VALUE_LIMIT:
        return None
    found = _ASSIGNMENT.fullmatch(_without_invisible(pasted))
    if found is None:
        return None
    quoted = _QUOTED.fullmatch(found["value"].strip())
    value = quoted["inside"] if quoted else _COMMENT.split(found["value"])[0]
    return Assignment(found["name"], Secret(value.strip()))


def require_value(pasted: str, *, split_assignment: bool = False) -> PastedValue:
    """Clean what was pasted and refuse what is plainly not a key, without repeating it.

    Outer white space, byte order marks and zero-width characters go with a notice, and so do the
    line breaks of a JSON document. Control characters and a mask are refused, and a `NAME=value` line
    too unless its owner agreed to keep only the part after the equals sign.
    """
    _require_one_line(pasted)
    assignment = find_assignment(pasted) if split_assignment else None
    if assignment is not None:
        kept = require_value(assignment.value.reveal())
        return PastedValue(kept.secret, "Only the part after the equals sign is kept.")
    if len(pasted) > 8 * VALUE_LIMIT:
        raise InvalidInput(f"An API key has at most {VALUE_LIMIT} characters.", field=_FIELD)
    text = _without_invisible(pasted)
    document = _on_one_line(text)
    text = document if document is not None else _unwrapped(text)
    if not text:
        raise InvalidInput("Paste the API key.", field=_FIELD)
    if len(text) > VALUE_LIMIT:
        raise InvalidInput(f"An API key has at most {VALUE_LIMIT} characters.", field=_FIELD)
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
        raise InvalidInput("This has line breaks or control characters. Copy the key alone.", field=_FIELD)
    if _ASSIGNMENT.fullmatch(text):
        raise InvalidInput(
            "This is a NAME=value line. Paste only the part after the equals sign.", field=_FIELD
        )
    if looks_like_mask(text):
        raise InvalidInput(
            "This is a masked key. Paste the whole key from the provider's page.", field=_FIELD
        )
    return PastedValue(Secret(text), _notice(pasted, text, is_document=document is not None))


def _require_one_line(pasted: str) -> None:
    """Refuse several `NAME=value` lines: an input field joins them with spaces into one."""
    if len(pasted) <= 2 * VALUE_LIMIT and _SECOND_LINE.search(_without_invisible(pasted)):
        raise InvalidInput("These are several NAME=value lines. Paste one of them.", field=_FIELD)


def _without_invisible(pasted: str) -> str:
    return "".join(c for c in pasted if c not in _INVISIBLE).strip()


def _unwrapped(text: str) -> str:
    found = _WRAPPED.fullmatch(text) if len(text) <= 2 * VALUE_LIMIT else None
    return found["inside"] if found else text


def _on_one_line(text: str) -> str | None:
    """Return a JSON object, such as a service account's key file, without its line breaks."""
    if not text.startswith("{"):
        return None
    try:
        return json.dumps(json.loads(text), separators=(",", ":"))
    except (ValueError, RecursionError):
        return None


def _notice(pasted: str, kept: str, *, is_document: bool) -> str:
    if kept == pasted:
        return ""
    if is_document:
        return "The document is put on one line; its content stays the same."
    if kept != _without_invisible(pasted):
        return "Quotes or words around the key are left out."
    return "White space or invisible characters around the key are left out."


def is_placeholder(text: str) -> bool:
    """Tell whether an environment value stands for "nothing yet", such as `your-key-here`."""
    return not text.strip() or _PLACEHOLDER.fullmatch(text.strip()) is not None
