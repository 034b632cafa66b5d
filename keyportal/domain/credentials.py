"""What a stored credential is: its statuses, and what may become its value."""

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
_ASSIGNMENT = re.compile(r"(export\s+)?[A-Z][A-Z0-9_]{2,}\s*=\s*[^\s=].*")
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


def status_of(
    *, active: bool, expires_at: datetime | None, readable: bool, now: datetime
) -> CredentialStatus:
    """Return the one status shown and resolved by. The owner's switch and the date outrank damage."""
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


def require_value(pasted: str) -> PastedValue:
    """Clean what was pasted and refuse what is plainly not a key, without repeating it.

    Outer white space, byte order marks and zero-width characters go with a notice. Control
    characters, a `NAME=value` line and a mask are refused.
    """
    kept = "".join(c for c in pasted if c not in _INVISIBLE)
    text = kept.strip()
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
    notice = "" if text == pasted else "White space or invisible characters around the key were removed."
    return PastedValue(Secret(text), notice)


def is_placeholder(text: str) -> bool:
    """Tell whether an environment value stands for "nothing yet", such as `your-key-here`."""
    return not text.strip() or _PLACEHOLDER.fullmatch(text.strip()) is not None
