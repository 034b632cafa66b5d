"""Stored provider keys, a member's own and the deployment's: add, find, change, delete.

A secret comes in here and never goes out again; `resolution` and `checks` open it where it is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.credentials import Ownership, require_value
from keyportal.domain.errors import InvalidInput, NotFound, ProviderTaken, VersionConflict
from keyportal.domain.masks import mask_secret
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.secret import Secret
from keyportal.domain.text import (
    is_row_id,
    name_key,
    require_label,
    require_name,
    require_note,
)
from keyportal.persistence import credential_chains, credentials, importing
from keyportal.persistence.engine import take_lock
from keyportal.persistence.tables import CredentialRow
from keyportal.providers.base import destination_of
from keyportal.services.acting import acting
from keyportal.services.credential_access import READ, WRITE
from keyportal.services.credential_access import owner_key_of as owner_key_of
from keyportal.services.credential_access import require_row as require_row
from keyportal.services.credential_edits import UNCHANGED as UNCHANGED
from keyportal.services.credential_edits import (
    CredentialEdit,
    apply_edit,
    clean_dates,
    clean_fields,
    notice_about,
    require_free_name,
    store_row,
)
from keyportal.services.credential_lists import CredentialFilter as CredentialFilter
from keyportal.services.credential_lists import search as search
from keyportal.services.credential_views import CredentialView, credential_view
from keyportal.services.key_events import record_key
from keyportal.services.paging import PAGE_SIZES as PAGE_SIZES
from keyportal.services.policies import ONE_KEY_LOCK as ONE_KEY_LOCK
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal
from keyportal.services.sealing import seal_credential
from keyportal.services.wiping import wipe

# Live keys of one person, and of the system. One account must not fill the database.
MOST_KEYS = 10_000


@dataclass(frozen=True)
class NewCredential:
    """What is typed for a new key. Without a provider it is a General key: a name and a value.

    `split_assignment`: the owner agreed to keep only the value of a pasted `NAME=value` line.
    `failover`: the owner agrees that the next key is used while this one fails.
    `replaces_id`: the key whose place this one is to take in a rotation.
    """

    provider: str
    name: str
    api_key: Secret
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    note: str = ""
    environment: str = ""
    expires_at: datetime | None = None
    remind_at: datetime | None = None
    active: bool = True
    failover: bool = False
    split_assignment: bool = False
    replaces_id: str | None = None


@dataclass(frozen=True)
class Prepared:
    """A new key that was looked at and waits for its transaction, and what to tell about it."""

    row: CredentialRow
    secret: Secret
    secret_fields: Mapping[str, str] = field(repr=False)
    notice: str


def get(portal: Portal, principal: Principal, ownership: Ownership, credential_id: str) -> CredentialView:
    """Raises NotFound for missing and not-yours alike."""
    principal.require(READ[ownership])
    with portal.database.reading() as session:
        return credential_view(portal, require_row(session, principal, ownership, credential_id))


def failover_is_offered(portal: Portal, principal: Principal) -> bool:
    """Tell whether the policy lets owners agree that the next key is used while theirs fails."""
    principal.require(Permission.CREDENTIALS_READ)
    with portal.database.reading() as session:
        return policies_in(session).failover


def create(portal: Portal, principal: Principal, ownership: Ownership, new: NewCredential) -> CredentialView:
    """Seal and store a key.

    Raises InvalidInput, UnknownProvider, ProviderDisabled, NameTaken, and ProviderTaken where the
    policy is one key per provider.
    """
    principal.require(WRITE[ownership])
    prepared = prepare(portal, principal, ownership, new)
    with acting(portal, principal) as session:
        store_new(portal, session, prepared)
        record_key(portal, session, principal, Action.CREDENTIAL_CREATE, prepared.row)
    return credential_view(portal, prepared.row, prepared.notice)


def prepare(portal: Portal, principal: Principal, ownership: Ownership, new: NewCredential) -> Prepared:
    """Look at all that was typed for a new key, before a transaction is begun."""
    provider = portal.providers.get_enabled(new.provider) if new.provider else None
    pasted = require_value(new.api_key.reveal(), split_assignment=new.split_assignment)
    name, now = require_name(new.name), portal.clock.now()
    dates = clean_dates(provider, expires_at=new.expires_at, remind_at=new.remind_at)
    fields, secret_fields = clean_fields(provider, new.fields)
    base_url = provider.address(fields) if provider else ""
    row = CredentialRow(
        ownership=ownership,
        owner_id=principal.user_id if ownership is Ownership.USER else None,
        owner_key=owner_key_of(principal, ownership),
        provider=provider.id if provider else "",
        name=name,
        name_key=name_key(name),
        mask=mask_secret(pasted.secret.reveal(), portal.settings.mask_style),
        key_id=portal.keyring.current.id,
        base_url=base_url,
        destination=destination_of(base_url),
        fields=fields,
        note=require_note(new.note),
        environment=require_label(new.environment),
        active=new.active,
        failover=new.failover,
        replaces_id=new.replaces_id,
        created_at=now,
        updated_at=now,
        expires_at=dates["expires_at"],
        remind_at=dates["remind_at"],
    )
    return Prepared(row, pasted.secret, secret_fields, notice_about(provider, pasted))


def store_new(portal: Portal, session: Session, prepared: Prepared) -> None:
    """Seal and store a prepared key; the caller writes the event, after the last key of several."""
    row = prepared.row
    _require_place(session, row)
    require_room(session, row.owner_key)
    require_free_name(session, row)
    credential_chains.lock_end(session, row.owner_key, row.provider)
    row.position = credentials.next_position(session, row.owner_key, row.provider)
    # The name first, as an edit does: two ways round would let two calls wait for each other.
    store_row(session, row)
    seal_credential(portal, session, row, prepared.secret, prepared.secret_fields)
    store_row(session, row)


def require_room(session: Session, owner_key: str, number: int = 1) -> None:
    """Refuse new keys above what one owner may have. Raises InvalidInput."""
    if importing.count_live(session, owner_key) + number > MOST_KEYS:
        raise InvalidInput(f"There is room for {MOST_KEYS:,} keys. Delete some that are not used first.")


def update(
    portal: Portal,
    principal: Principal,
    ownership: Ownership,
    credential_id: str,
    edit: CredentialEdit,
) -> CredentialView:
    """Change a key's parts. Raises NotFound, VersionConflict, InvalidInput, NameTaken."""
    principal.require(WRITE[ownership])
    with acting(portal, principal) as session:
        row = require_row(session, principal, ownership, credential_id, for_update=True)
        notice = update_row(portal, session, principal, row, edit)
    return credential_view(portal, row, notice)


def update_row(
    portal: Portal, session: Session, principal: Principal, row: CredentialRow, edit: CredentialEdit
) -> str:
    """Change a locked key's parts, with the event for it, and return a notice about the value."""
    if edit.version is not None and edit.version != row.version:
        raise VersionConflict
    notice, changed = apply_edit(portal, session, row, edit)
    if changed:
        row.version += 1
        row.updated_at = portal.clock.now()
        store_row(session, row)
        record_key(portal, session, principal, Action.CREDENTIAL_UPDATE, row, changed=changed)
    return notice


def delete(portal: Portal, principal: Principal, ownership: Ownership, credential_id: str) -> None:
    """Wipe the secret at once and keep a tombstone. Raises NotFound."""
    principal.require(WRITE[ownership])
    with acting(portal, principal) as session:
        row = require_row(session, principal, ownership, credential_id, for_update=True)
        wipe(session, row, portal.clock.now())
        record_key(portal, session, principal, Action.CREDENTIAL_DELETE, row)


def _require_place(session: Session, row: CredentialRow) -> None:
    """Refuse a second key for a provider where the policy is one, and a replacement of nothing."""
    if row.replaces_id is not None:
        replaced = None
        if is_row_id(row.replaces_id):
            replaced = credentials.find_credential(session, [row.owner_key], row.replaces_id, for_update=True)
        if replaced is None or replaced.provider != row.provider:
            raise NotFound
        return
    if row.ownership != Ownership.USER or not row.provider:
        return
    take_lock(session, ONE_KEY_LOCK)
    is_one = policies_in(session).one_key_per_provider
    if is_one and credentials.has_key_for(session, row.owner_key, row.provider):
        raise ProviderTaken(field="provider")
