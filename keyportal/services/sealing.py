"""The only place where a credential's secret is sealed or opened, and where its place is named."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sqlmodel import Session

from keyportal.domain.errors import NeedsReentry, StorageUnavailable, Unopenable
from keyportal.domain.secret import Secret
from keyportal.persistence import records
from keyportal.persistence.tables import CredentialRow
from keyportal.providers.base import destination_of
from keyportal.services.portal import Portal
from keyportal.services.sealed_columns import credential_place
from keyportal.vault.sealed import SEALS_REFUSE, SEALS_WARN, SealedSecret, ready_to_open, seal

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """A credential's secret, and all its fields, those sealed with it among them."""

    secret: Secret
    fields: Mapping[str, str] = field(repr=False)


def seal_credential(
    portal: Portal,
    session: Session,
    row: CredentialRow,
    secret: Secret,
    secret_fields: Mapping[str, str] | None = None,
) -> None:
    """Seal the secret, and the fields that are secret too, into its row and count the seal."""
    count_seals(portal, session, 1)
    seal_row(portal, row, secret, secret_fields or {})


def count_seals(portal: Portal, session: Session, number: int) -> None:
    """Count seals of the current key. Raises StorageUnavailable where there were too many."""
    if not number:
        return
    key_id = portal.keyring.current.id
    seals = records.count_seal(session, key_id, number)
    if seals >= SEALS_REFUSE:
        raise StorageUnavailable("The encryption key has sealed too many values. Rotate it first.")
    if seals - number < SEALS_WARN <= seals:
        _log.warning("encryption key %s has sealed 2^28 values: rotate it", key_id)


def seal_row(portal: Portal, row: CredentialRow, secret: Secret, secret_fields: Mapping[str, str]) -> None:
    """Seal into a row that is not stored yet. Whoever stores it counts the seal in that transaction."""
    row.key_id = portal.keyring.current.id
    row.unreadable = False
    row.secret_fields = sorted(secret_fields)
    content = Secret(_packed(secret, secret_fields)) if secret_fields else secret
    row.sealed = seal(portal.keyring, content, credential_place(row))


def open_credential(portal: Portal, row: CredentialRow) -> Opened:
    """Open a key. Raises Unopenable if that cannot be, or its address is not the one it was sealed to.

    Raises NeedsReentry for a key that was left without a value.
    """
    return openable_credential(portal, row).open()


@dataclass(frozen=True)
class OpenableCredential:
    """A key that can be opened again and again without its row. It holds no plaintext of a secret."""

    _sealed: SealedSecret
    _fields: Mapping[str, str] = field(repr=False)
    _secret_fields: tuple[str, ...]

    def open(self) -> Opened:
        """Raises Unopenable."""
        content = self._sealed.open()
        if not self._secret_fields:
            return Opened(content, self._fields)
        secret, secret_fields = _unpacked(content)
        # Their names stand in the database in the clear, and what is inside is what was saved.
        if list(self._secret_fields) != sorted(secret_fields):
            raise Unopenable
        return Opened(secret, {**self._fields, **secret_fields})


def openable_credential(portal: Portal, row: CredentialRow) -> OpenableCredential:
    """Raises Unopenable if the key's address is not the one it was sealed to, and NeedsReentry."""
    if not has_value(row):
        raise NeedsReentry
    if destination_of(row.base_url) != row.destination or not isinstance(row.secret_fields, list):
        raise Unopenable
    sealed = ready_to_open(portal.keyring, row.sealed or b"", credential_place(row))
    return OpenableCredential(sealed, dict(row.fields), tuple(row.secret_fields))


def has_value(row: CredentialRow) -> bool:
    """Tell whether there is anything to open, of rows read with their ciphertext or without."""
    if "sealed" in row.__dict__:
        return row.sealed is not None
    return bool(cast(Any, row).is_sealed)


def is_readable(portal: Portal, row: CredentialRow) -> bool:
    """Tell, without decrypting, whether the row should open."""
    return not row.unreadable and portal.keyring.holds(row.key_id)


def _packed(secret: Secret, secret_fields: Mapping[str, str]) -> str:
    return json.dumps({"api_key": secret.reveal(), "fields": dict(secret_fields)})


def _unpacked(content: Secret) -> tuple[Secret, dict[str, str]]:
    packed = json.loads(content.reveal())
    return Secret(packed["api_key"]), packed["fields"]
