"""The encryption keys of a deployment by key id, and the sub-keys derived from each."""

import hmac
from collections.abc import Iterable
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
KEY_ID_BYTES = 4


class UnknownKeyId(Exception):
    """No encryption key with this id is configured. The id is public and may be shown."""

    def __init__(self, key_id: str) -> None:
        super().__init__(key_id)
        self.key_id = key_id


class EncryptionKey:
    """One AES-256 root key. Never used directly: every purpose has its own sub-key."""

    __slots__ = ("__root", "audit", "id", "previews", "sealing")

    def __init__(self, root: bytes) -> None:
        if len(root) != KEY_BYTES:
            raise ValueError("an encryption key has 32 bytes")
        self.__root = root
        # Public on purpose: names the key in blobs and messages without telling anything of it.
        digest = hmac.new(root, b"keyportal/kid/v1", sha256).digest()
        self.id = digest[:KEY_ID_BYTES].hex()
        self.sealing = self._derive(b"sealing")
        self.audit = self._derive(b"audit")
        self.previews = self._derive(b"previews")

    def _derive(self, purpose: bytes) -> bytes:
        """Return a 32-byte sub-key (HKDF, RFC 5869) bound to one purpose."""
        info = b"keyportal/" + purpose + b"/v1"
        return HKDF(SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self.__root)

    def __repr__(self) -> str:
        return f"EncryptionKey(id={self.id})"

    def __reduce__(self) -> str:
        raise TypeError("an encryption key cannot be pickled or copied")


class Keyring:
    """The current key, which seals, and the previous ones, which only open."""

    def __init__(self, current: bytes, previous: Iterable[bytes] = ()) -> None:
        self.current = EncryptionKey(current)
        self._by_id = {k.id: k for k in (EncryptionKey(p) for p in previous)}
        self._by_id[self.current.id] = self.current

    def get(self, key_id: str) -> EncryptionKey:
        """Raises UnknownKeyId."""
        try:
            return self._by_id[key_id]
        except KeyError:
            raise UnknownKeyId(key_id) from None

    def holds(self, key_id: str) -> bool:
        return key_id in self._by_id

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(self._by_id)
