"""Stored provider keys, a member's own and the deployment's: add, find, change, delete.

A secret comes in here and never goes out again; `resolution` and `checks` open it where it is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.checks import Outcome
from keyportal.domain.credentials import CredentialStatus, Ownership, require_value
from keyportal.domain.errors import InvalidInput, NotFound, VersionConflict
from keyportal.domain.masks import mask_secret
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.secret import Secret
from keyportal.domain.text import (
    is_row_id,
    name_key,
    require_label,
    require_moment,
    require_name,
    require_note,
    search_key,
)
from keyportal.persistence import credentials
from keyportal.persistence.credentials import SYSTEM_OWNER, CredentialFilter
from keyportal.persistence.tables import CredentialRow
from keyportal.providers.base import destination_of
from keyportal.services import audit
from keyportal.services.credential_edits import UNCHANGED as UNCHANGED
from keyportal.services.credential_edits import (
    CredentialEdit,
    apply_edit,
    notice_about,
    require_free_name,
    store_row,
)
from keyportal.services.credential_views import CredentialView, credential_view
from keyportal.services.paging import PAGE_SIZES, Page, page_of, require_page
from keyportal.services.portal import Portal
from keyportal.services.sealing import seal_credential

_READ = {
    Ownership.USER: Permission.CREDENTIALS_READ,
    Ownership.SYSTEM: Permission.SYSTEM_CREDENTIALS_READ,
}
_WRITE = {
    Ownership.USER: Permission.CREDENTIALS_WRITE,
    Ownership.SYSTEM: Permission.SYSTEM_CREDENTIALS_WRITE,
}


@dataclass(frozen=True)
class NewCredential:
    """`split_assignment`: the owner agreed to keep only the value of a pasted `NAME=value` line."""

    provider: str
    name: str
    api_key: Secret
    fields: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    environment: str = ""
    expires_at: datetime | None = None
    active: bool = True
    split_assignment: bool = False


def search(
    portal: Portal,
    principal: Principal,
    ownership: Ownership,
    wanted: CredentialFilter | None = None,
    *,
    page: int = 1,
    size: int = PAGE_SIZES[0],
) -> Page[CredentialView]:
    """Return one page of a list, newest first. Decrypts nothing."""
    principal.require(_READ[ownership])
    wanted = _require_filter(portal, wanted or CredentialFilter())
    require_page(page, size)
    with portal.database.reading() as session:
        rows, total = credentials.search_credentials(
            session,
            owner_key_of(principal, ownership),
            wanted,
            readable_key_ids=portal.keyring.ids,
            now=portal.clock.now(),
            offset=(page - 1) * size,
            limit=size,
        )
        items = [credential_view(portal, row) for row in rows]
    return page_of(items, total, page, size)


def get(portal: Portal, principal: Principal, ownership: Ownership, credential_id: str) -> CredentialView:
    """Raises NotFound for missing and not-yours alike."""
    principal.require(_READ[ownership])
    with portal.database.reading() as session:
        return credential_view(portal, require_row(session, principal, ownership, credential_id))


def create(portal: Portal, principal: Principal, ownership: Ownership, new: NewCredential) -> CredentialView:
    """Seal and store a key. Raises InvalidInput, UnknownProvider, ProviderDisabled, NameTaken."""
    principal.require(_WRITE[ownership])
    provider = portal.providers.get_enabled(new.provider)
    pasted = require_value(new.api_key.reveal(), split_assignment=new.split_assignment)
    name, now = require_name(new.name), portal.clock.now()
    fields, secret_fields = provider.parted(provider.clean_fields(new.fields))
    base_url = provider.address(fields)
    row = CredentialRow(
        ownership=ownership,
        owner_id=principal.user_id if ownership is Ownership.USER else None,
        owner_key=owner_key_of(principal, ownership),
        provider=provider.id,
        name=name,
        name_key=name_key(name),
        mask=mask_secret(pasted.secret.reveal(), portal.settings.mask_style),
        key_id=portal.keyring.current.id,
        base_url=base_url,
        destination=destination_of(base_url),
        fields=fields,
        note=require_note(new.note),
        environment=require_label(new.environment),
        expires_at=require_moment(new.expires_at),
        active=new.active,
        created_at=now,
        updated_at=now,
    )
    with portal.database.transaction() as session:
        require_free_name(session, row)
        row.position = credentials.next_position(session, row.owner_key, row.provider)
        # The name first, as an edit does: two ways round would let two calls wait for each other.
        store_row(session, row)
        seal_credential(portal, session, row, pasted.secret, secret_fields)
        store_row(session, row)
        _record(portal, session, principal, Action.CREDENTIAL_CREATE, row)
    return credential_view(portal, row, notice_about(provider, pasted))


def update(
    portal: Portal,
    principal: Principal,
    ownership: Ownership,
    credential_id: str,
    edit: CredentialEdit,
) -> CredentialView:
    """Change a key's parts. Raises NotFound, VersionConflict, InvalidInput, NameTaken."""
    principal.require(_WRITE[ownership])
    with portal.database.transaction() as session:
        row = require_row(session, principal, ownership, credential_id, for_update=True)
        if edit.version is not None and edit.version != row.version:
            raise VersionConflict
        notice, changed = apply_edit(portal, session, row, edit)
        if changed:
            row.version += 1
            row.updated_at = portal.clock.now()
            store_row(session, row)
            _record(portal, session, principal, Action.CREDENTIAL_UPDATE, row, changed=changed)
    return credential_view(portal, row, notice)


def delete(portal: Portal, principal: Principal, ownership: Ownership, credential_id: str) -> None:
    """Wipe the secret at once and keep a tombstone. Raises NotFound."""
    principal.require(_WRITE[ownership])
    with portal.database.transaction() as session:
        row = require_row(session, principal, ownership, credential_id, for_update=True)
        _record(portal, session, principal, Action.CREDENTIAL_DELETE, row)
        row.sealed = None
        row.active = False
        row.deleted_at = row.updated_at = portal.clock.now()
        row.version += 1
        store_row(session, row)


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


def _require_filter(portal: Portal, wanted: CredentialFilter) -> CredentialFilter:
    if wanted.status and wanted.status not in set(CredentialStatus):
        raise InvalidInput(f"A status is one of {', '.join(CredentialStatus)}.", field="status")
    if wanted.health and wanted.health not in set(Outcome):
        raise InvalidInput(f"A health is one of {', '.join(Outcome)}.", field="health")
    provider = portal.providers.get(wanted.provider).id if wanted.provider else ""
    return CredentialFilter(search_key(wanted.text), provider, wanted.status, wanted.health)


def _record(
    portal: Portal,
    session: Session,
    principal: Principal,
    action: Action,
    row: CredentialRow,
    changed: list[str] | None = None,
) -> None:
    audit.record(
        portal,
        session,
        principal,
        action,
        object_id=row.id,
        object_label=row.name,
        provider=row.provider,
        ownership=row.ownership,
        mask=row.mask,
        changed=changed,
    )
