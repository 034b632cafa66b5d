"""Rules for what people type: names, notes, emails, dates, row ids. Refuses what no database stores alike."""

import re
import unicodedata
from datetime import UTC, datetime

from keyportal.domain.errors import InvalidInput

NAME_LIMIT = 80
NOTE_LIMIT = 1000
EMAIL_LIMIT = 254

# One character may be written as several that compose.
_COMPOSED = 4

_ROW_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EMAIL = re.compile(r"[^@\s,;:<>\"\\]+@[^@\s,;:<>\"\\]+\.[^@\s,;:<>\"\\.]+")
_LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
# Outside these years a database in another time zone cannot read back what it stored.
_FIRST_YEAR, _LAST_YEAR = 1970, 9000


def _require_normalisable(text: str, limit: int, field: str) -> None:
    """Refuse long text before it is normalised: the time for that grows with the square of its length."""
    if len(text) > limit * _COMPOSED:
        raise InvalidInput(f"This has at most {limit} characters.", field=field)


def require_storable(text: str, field: str) -> str:
    """Refuse NUL and lone surrogates, which PostgreSQL and UTF-8 cannot hold."""
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise InvalidInput("This text has characters that cannot be stored.", field=field)
    return text


def require_name(text: str, field: str = "name") -> str:
    """Return the name in NFC without outer space: 1 to 80 characters, one line."""
    _require_normalisable(text, NAME_LIMIT, field)
    name = unicodedata.normalize("NFC", require_storable(text, field)).strip()
    if not any(unicodedata.category(c)[0] in "LNPS" for c in name):
        raise InvalidInput("Give it a name.", field=field)
    if len(name) > NAME_LIMIT:
        raise InvalidInput(f"A name has at most {NAME_LIMIT} characters.", field=field)
    if any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in name):
        raise InvalidInput("A name is one line without control characters.", field=field)
    return name


def name_key(name: str) -> str:
    """Return the form in which two spellings of one name are equal (NFKC, case folded)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def search_key(text: str) -> str:
    """Return typed text in the form names are compared in, without what no database can hold."""
    head = text.strip()[: EMAIL_LIMIT * _COMPOSED]
    kept = "".join(c for c in head if c != "\x00" and not "\ud800" <= c <= "\udfff")
    return name_key(kept.strip())[:EMAIL_LIMIT]


def require_note(text: str, field: str = "note") -> str:
    note = require_storable(text, field).strip()
    if len(note) > NOTE_LIMIT:
        raise InvalidInput(f"A note has at most {NOTE_LIMIT} characters.", field=field)
    return note


def require_label(text: str, field: str = "environment") -> str:
    """Return an environment label such as `prod`: lower case, at most 32 characters; may be empty."""
    label = require_storable(text, field).strip().lower()
    if label and not _LABEL.fullmatch(label):
        raise InvalidInput("A label has letters, digits, dots and dashes, at most 32.", field=field)
    return label


def require_email(text: str, field: str = "email") -> str:
    _require_normalisable(text, EMAIL_LIMIT, field)
    email = unicodedata.normalize("NFC", require_storable(text, field)).strip()
    hidden = any(unicodedata.category(c) in ("Cc", "Cf") for c in email)
    if len(email) > EMAIL_LIMIT or hidden or not _EMAIL.fullmatch(email):
        raise InvalidInput("This is not an email address.", field=field)
    return email


def is_row_id(text: str) -> bool:
    """Tell whether text has the shape of a row id, so that junk never reaches a query."""
    return _ROW_ID.fullmatch(text) is not None


def require_moment(moment: datetime | None, field: str = "expires_at") -> datetime | None:
    """Return the date in UTC. Refuse one without a time zone: nobody could say when it is reached."""
    if moment is None:
        return None
    if moment.utcoffset() is None:
        raise InvalidInput("Give the date with its time zone, such as 2027-01-31T00:00:00Z.", field=field)
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise InvalidInput(f"Give a year from {_FIRST_YEAR} to {_LAST_YEAR}.", field=field)
    return moment.astimezone(UTC)
