"""Sealed blobs: AES-256-GCM with the place a secret belongs to as associated data.

Layout: version (1) | key id (4) | nonce (12) | ciphertext | tag (16).
"""

import os
from dataclasses import dataclass, fields

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyportal.domain.errors import Unopenable
from keyportal.domain.secret import Secret
from keyportal.vault.keyring import KEY_ID_BYTES, Keyring, UnknownKeyId

VERSION = 1
NONCE_BYTES = 12
TAG_BYTES = 16
_HEADER_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES

# Random 96-bit nonces: NIST SP 800-38D allows 2^32 per key; the margin is kept.
SEALS_WARN = 2**28
SEALS_REFUSE = 2**31


@dataclass(frozen=True)
class Place:
    """Where a secret belongs. A blob moved to any other place does not open."""

    purpose: str
    table: str
    row_id: str
    scope: str
    owner: str
    provider: str
    destination: str
    secret_version: int

    def associated_data(self, key_id: str) -> bytes:
        """Return every part, length-prefixed, so that no two places share an encoding."""
        values = [key_id, *(str(getattr(self, f.name)) for f in fields(self))]
        parts = [v.encode() for v in values]
        return b"".join(len(p).to_bytes(4, "big") + p for p in parts)


def seal(keyring: Keyring, secret: Secret, place: Place) -> bytes:
    """Return a blob under the current key. The nonce is drawn here and nowhere else."""
    key = keyring.current
    nonce = os.urandom(NONCE_BYTES)
    body = AESGCM(key.sealing).encrypt(nonce, secret.reveal().encode(), place.associated_data(key.id))
    return bytes([VERSION]) + bytes.fromhex(key.id) + nonce + body


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A blob with all it takes to open it, as often as wanted. Still sealed: it holds no plaintext."""

    _cipher: AESGCM
    _nonce: bytes
    _body: bytes
    _associated_data: bytes

    def open(self) -> Secret:
        """Raises Unopenable for damage and for another place alike."""
        try:
            return Secret(self._cipher.decrypt(self._nonce, self._body, self._associated_data).decode())
        except (InvalidTag, UnicodeDecodeError):
            raise Unopenable from None

    def __repr__(self) -> str:
        return "SealedSecret(…)"

    def __reduce__(self) -> str:
        raise TypeError("a sealed secret cannot be pickled or copied")


def ready_to_open(keyring: Keyring, blob: bytes, place: Place) -> SealedSecret:
    """Raises Unopenable for another version or key, and for what is too short to be a blob."""
    if len(blob) < _HEADER_BYTES + TAG_BYTES or blob[0] != VERSION:
        raise Unopenable
    try:
        key = keyring.get(key_id_of(blob))
    except UnknownKeyId:
        raise Unopenable from None
    nonce, body = blob[1 + KEY_ID_BYTES : _HEADER_BYTES], blob[_HEADER_BYTES:]
    return SealedSecret(AESGCM(key.sealing), nonce, body, place.associated_data(key.id))


def open_sealed(keyring: Keyring, blob: bytes, place: Place) -> Secret:
    """Return the secret. Raises Unopenable for damage, another place, version or key alike."""
    return ready_to_open(keyring, blob, place).open()


def key_id_of(blob: bytes) -> str:
    """Return the id of the encryption key a blob was sealed with, without opening it."""
    return blob[1 : 1 + KEY_ID_BYTES].hex()
