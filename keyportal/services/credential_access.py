"""Whose stored keys a principal works on: the permission of each act, and the row that is theirs."""

from collections.abc import Sequence

from sqlmodel import Session

from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.text import is_row_id
from keyportal.persistence import credentials
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.persistence.tables import CredentialRow

READ = {
    Ownership.USER: Permission.CREDENTIALS_READ,
    Ownership.SYSTEM: Permission.SYSTEM_CREDENTIALS_READ,
}
WRITE = {
    Ownership.USER: Permission.CREDENTIALS_WRITE,
    Ownership.SYSTEM: Permission.SYSTEM_CREDENTIALS_WRITE,
}


def owner_key_of(principal: Principal, ownership: Ownership) -> str:
    """Return whose rows a principal works on: their own, or the deployment's."""
    if ownership is Ownership.SYSTEM:
        return SYSTEM_OWNER
    if principal.user_id is None:
        raise NotFound
    return principal.user_id


def require_row(
    session: Session,
    principal: Principal,
    ownership: Ownership,
    credential_id: str,
    *,
    for_update: bool = False,
) -> CredentialRow:
    """Return a live row of this owner. Raises NotFound."""
    owner_key = owner_key_of(principal, ownership)
    row = None
    if is_row_id(credential_id):
        row = credentials.find_credential(session, [owner_key], credential_id, for_update=for_update)
    if row is None:
        raise NotFound
    return row


def require_rows(
    session: Session, principal: Principal, ownership: Ownership, credential_ids: Sequence[str]
) -> list[CredentialRow]:
    """Return all these live rows of this owner, locked. Raises NotFound if a single one is missing."""
    owner_key = owner_key_of(principal, ownership)
    wanted = set(credential_ids)
    rows: list[CredentialRow] = []
    if all(is_row_id(one) for one in wanted):
        rows = credentials.find_credentials(session, owner_key, sorted(wanted))
    if len(rows) != len(wanted):
        raise NotFound
    return rows
