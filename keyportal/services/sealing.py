"""The only place where a credential's secret is sealed or opened, and where its place is named."""

import logging

from sqlmodel import Session

from keyportal.domain.errors import StorageUnavailable, Unopenable
from keyportal.domain.secret import Secret
from keyportal.persistence import records
from keyportal.persistence.tables import CredentialRow
from keyportal.providers.base import origin_of
from keyportal.services.portal import Portal
from keyportal.vault.sealed import SEALS_REFUSE, SEALS_WARN, Place, open_sealed, seal

# Every column that holds ciphertext: rotation and its proof walk this list.
SEALED_COLUMNS = (("credentials", "sealed"), ("encryption_keys", "canary"))

_log = logging.getLogger(__name__)


def seal_credential(portal: Portal, session: Session, row: CredentialRow, secret: Secret) -> None:
    """Seal the secret into its row under the current encryption key and count the seal."""
    key_id = portal.keyring.current.id
    seals = records.count_seal(session, key_id)
    if seals >= SEALS_REFUSE:
        raise StorageUnavailable("The encryption key has sealed too many values. Rotate it first.")
    if seals == SEALS_WARN:
        _log.warning("encryption key %s has sealed 2^28 values: rotate it", key_id)
    row.key_id = key_id
    row.unreadable = False
    row.sealed = seal(portal.keyring, secret, _place_of(row))


def open_credential(portal: Portal, row: CredentialRow) -> Secret:
    """Raises Unopenable if the secret cannot be read, or its address is not the one it was sealed to."""
    if origin_of(row.base_url) != row.destination:
        raise Unopenable
    return open_sealed(portal.keyring, row.sealed or b"", _place_of(row))


def is_readable(portal: Portal, row: CredentialRow) -> bool:
    """Tell, without decrypting, whether the row should open."""
    return not row.unreadable and portal.keyring.holds(row.key_id)


def _place_of(row: CredentialRow) -> Place:
    return Place(
        purpose="credential",
        table="credentials",
        row_id=row.id,
        scope=row.ownership,
        owner=row.owner_key,
        provider=row.provider,
        destination=row.destination,
        secret_version=row.secret_version,
    )
