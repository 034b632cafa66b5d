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


def open_sealed(keyring: Keyring, blob: bytes, place: Place) -> Secret:
    """Return the secret. Raises Unopenable for damage, another place, version or key alike."""
    if len(blob) < _HEADER_BYTES + TAG_BYTES or blob[0] != VERSION:
        raise Unopenable
    nonce, body = blob[1 + KEY_ID_BYTES : _HEADER_BYTES], blob[_HEADER_BYTES:]
    try:
        key = keyring.get(key_id_of(blob))
        opened = AESGCM(key.sealing).decrypt(nonce, body, place.associated_data(key.id))
        return Secret(opened.decode())
    except (InvalidTag, UnknownKeyId, UnicodeDecodeError):
        raise Unopenable from None


def key_id_of(blob: bytes) -> str:
    """Return the id of the encryption key a blob was sealed with, without opening it."""
    return blob[1 : 1 + KEY_ID_BYTES].hex()
