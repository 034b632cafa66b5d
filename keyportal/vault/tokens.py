"""Tokens KeyPortal issues (sessions, agent keys, set-up codes) and the digests it keeps of them."""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from zlib import crc32

from keyportal.domain.secret import Secret

SESSION_BYTES = 32
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PREFIX = "kpa"
_ID_LENGTH, _SECRET_LENGTH, _CHECK_LENGTH = 12, 32, 6
# Crockford's base 32: no I, L, O or U to misread from a console.
_CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_GROUPS, _CODE_GROUP_LENGTH = 4, 4


def digest(token: str) -> str:
    """Return the SHA-256 of a token as 64 hex characters. Enough for tokens of 128 bits and more."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_session_token() -> Secret:
    """Return 256 random bits, URL-safe."""
    return Secret(secrets.token_urlsafe(SESSION_BYTES))


def new_link_token() -> Secret:
    """Return 256 random bits for a one-time link, URL-safe."""
    return Secret(secrets.token_urlsafe(SESSION_BYTES))


@dataclass(frozen=True)
class AgentToken:
    """An agent key's public id, which is looked up, and the whole token, which is compared."""

    public_id: str
    token: Secret


def new_agent_token() -> AgentToken:
    """Return `kpa_<12 id>_<32 secret><6 checksum>`, all base 62."""
    public_id, secret = _random_base62(_ID_LENGTH), _random_base62(_SECRET_LENGTH)
    body = f"{_PREFIX}_{public_id}_{secret}"
    return AgentToken(public_id, Secret(body + _checksum(body)))


def parse_agent_token(text: str) -> AgentToken | None:
    """Return the token if its shape and checksum hold, so that junk never costs a query."""
    parts = text.split("_")
    if len(parts) != 3 or parts[0] != _PREFIX:
        return None
    public_id, rest = parts[1], parts[2]
    if len(public_id) != _ID_LENGTH or len(rest) != _SECRET_LENGTH + _CHECK_LENGTH:
        return None
    if not all(c in _BASE62 for c in public_id + rest):
        return None
    body, check = text[:-_CHECK_LENGTH], text[-_CHECK_LENGTH:]
    return AgentToken(public_id, Secret(text)) if _checksum(body) == check else None


def new_setup_code() -> Secret:
    """Return a one-time code of 80 bits a person can read off a console, in groups of four."""
    groups = (
        "".join(secrets.choice(_CODE_ALPHABET) for _ in range(_CODE_GROUP_LENGTH))
        for _ in range(_CODE_GROUPS)
    )
    return Secret("-".join(groups))


def setup_code_digest(typed: str) -> str:
    """Return the digest of a typed code, forgiving case, dashes and misread letters."""
    text = typed.upper().translate(str.maketrans("ILO", "110", "- \t"))
    return digest(text)


def _random_base62(length: int) -> str:
    return "".join(secrets.choice(_BASE62) for _ in range(length))


def _checksum(body: str) -> str:
    """Return the CRC-32 of the token's body in six base 62 digits."""
    number, digits = crc32(body.encode()), ""
    for _ in range(_CHECK_LENGTH):
        number, rest = divmod(number, 62)
        digits = _BASE62[rest] + digits
    return digits
