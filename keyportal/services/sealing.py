"""The only place where a credential's secret is sealed or opened, and where its place is named."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlmodel import Session

from keyportal.domain.errors import NeedsReentry, StorageUnavailable, Unopenable
from keyportal.domain.secret import Secret
from keyportal.persistence import records
from keyportal.persistence.tables import CredentialRow
from keyportal.providers.base import destination_of
from keyportal.services.portal import Portal
from keyportal.vault.sealed import SEALS_REFUSE, SEALS_WARN, Place, open_sealed, seal

# Every column that holds ciphertext: rotation and its proof walk this list.
SEALED_COLUMNS = (("credentials", "sealed"), ("encryption_keys", "canary"))

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
    seal_several(portal, session, [(row, secret, secret_fields or {})])


def seal_several(
    portal: Portal, session: Session, items: Sequence[tuple[CredentialRow, Secret, Mapping[str, str]]]
) -> None:
    """Seal several secrets, each with its secret fields, into their rows and count them at once."""
    if not items:
        return
    key_id = portal.keyring.current.id
    seals = records.count_seal(session, key_id, len(items))
    if seals >= SEALS_REFUSE:
        raise StorageUnavailable("The encryption key has sealed too many values. Rotate it first.")
    if seals - len(items) < SEALS_WARN <= seals:
        _log.warning("encryption key %s has sealed 2^28 values: rotate it", key_id)
    for row, secret, secret_fields in items:
        _seal(portal, row, secret, secret_fields)


def _seal(portal: Portal, row: CredentialRow, secret: Secret, secret_fields: Mapping[str, str]) -> None:
    row.key_id = portal.keyring.current.id
    row.unreadable = False
    row.secret_fields = sorted(secret_fields)
    content = Secret(_packed(secret, secret_fields)) if secret_fields else secret
    row.sealed = seal(portal.keyring, content, _place_of(row))


def open_credential(portal: Portal, row: CredentialRow) -> Opened:
    """Open a key. Raises Unopenable if that cannot be, or its address is not the one it was sealed to.

    Raises NeedsReentry for a key that was left without a value.
    """
    if not has_value(row):
        raise NeedsReentry
    if destination_of(row.base_url) != row.destination:
        raise Unopenable
    content = open_sealed(portal.keyring, row.sealed or b"", _place_of(row))
    if not row.secret_fields:
        return Opened(content, dict(row.fields))
    secret, secret_fields = _unpacked(content)
    # Their names stand in the database in the clear, and what is inside is what was saved.
    if row.secret_fields != sorted(secret_fields):
        raise Unopenable
    return Opened(secret, {**row.fields, **secret_fields})


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


def _place_of(row: CredentialRow) -> Place:
    return Place(
        # What is inside is part of the place: nobody can pass a packed secret off as a plain one.
        purpose="credential+fields" if row.secret_fields else "credential",
        table="credentials",
        row_id=row.id,
        scope=row.ownership,
        owner=row.owner_key,
        provider=row.provider,
        destination=row.destination,
        secret_version=row.secret_version,
    )
