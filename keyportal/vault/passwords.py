"""Passwords: argon2id digests through passlib, at most two at a time, never on the event loop."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from passlib.context import CryptContext

from keyportal.domain.errors import InvalidInput, TooManyAttempts
from keyportal.domain.secret import Secret

SHORTEST, LONGEST = 8, 1024
_BCRYPT_BYTES = 72

# OWASP's argon2id profile: 46 MiB, one pass, one lane. Older digests verify and are upgraded.
_CONTEXT = CryptContext(
    schemes=["argon2", "bcrypt", "pbkdf2_sha256"],
    deprecated=["bcrypt", "pbkdf2_sha256"],
    argon2__type="ID",
    argon2__memory_cost=46 * 1024,
    argon2__time_cost=1,
    argon2__parallelism=1,
)
# Each digest takes 46 MiB: two at a time. A few more may wait; beyond that a burst of sign-ins is
# turned away at once, because those who wait hold threads that everything else needs.
_AT_ONCE = BoundedSemaphore(2)
_IN_LINE = BoundedSemaphore(10)
_BUSY_FOR_S = 5


def require_password(password: Secret, field: str = "password") -> None:
    """Raises InvalidInput for a password that is too short, too long or too common."""
    text = password.reveal()
    if len(text) < SHORTEST:
        raise InvalidInput(f"A password has at least {SHORTEST} characters.", field=field)
    if len(text) > LONGEST:
        raise InvalidInput(f"A password has at most {LONGEST} characters.", field=field)
    if "\x00" in text or not _is_unicode(text):
        raise InvalidInput("This password has characters that cannot be used.", field=field)
    if text.casefold() in _common():
        raise InvalidInput("This password is too common. Choose a rarer one.", field=field)


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for a turn. Raises TooManyAttempts where too many wait already."""
    if not _IN_LINE.acquire(blocking=False):
        raise TooManyAttempts("Many people are signing in right now. Try again.", retry_after=_BUSY_FOR_S)
    try:
        with _AT_ONCE:
            yield
    finally:
        _IN_LINE.release()


def password_digest(password: Secret) -> str:
    """Raises TooManyAttempts where too many wait already."""
    with _turn():
        return _CONTEXT.hash(password.reveal())


def verify_password(password: Secret, stored: str | None) -> tuple[bool, str | None]:
    """Return whether it matches, and a new digest if the stored one should be upgraded.

    `stored=None` (unknown person) costs the same time and never matches.
    """
    text = password.reveal()
    # A text outside these limits cannot have been set; argon2 still runs, for the same time.
    usable = len(text) <= LONGEST and "\x00" not in text and _is_unicode(text)
    with _turn():
        matches, upgraded = _verify(text if usable else "unusable", stored or _decoy())
    # An empty digest is nobody's: the decoy's own password must not open it.
    return (True, upgraded) if matches and usable and stored else (False, None)


def _verify(text: str, stored: str) -> tuple[bool, str | None]:
    try:
        if not stored.startswith("$2"):
            return _CONTEXT.verify_and_update(text, stored)
        # bcrypt never read further than 72 bytes; the new digest takes the whole password.
        matches = _CONTEXT.verify(text.encode()[:_BCRYPT_BYTES], stored)
        return matches, _CONTEXT.hash(text) if matches else None
    except ValueError:
        # A damaged digest: as slow as any other, and matched by nothing.
        _CONTEXT.verify(text, _decoy())
        return False, None


@cache
def _decoy() -> str:
    return _CONTEXT.hash("nobody's password")


@cache
def _common() -> frozenset[str]:
    # Only here: a list of thirty thousand words is for those who choose a password.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(p for p in FREQUENCY_LISTS["passwords"] if len(p) >= SHORTEST)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in text)
