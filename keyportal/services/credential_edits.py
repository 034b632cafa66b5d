"""Changing a stored key: what an edit may touch, and when the value has to be entered again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from keyportal.domain.credentials import PastedValue, require_value
from keyportal.domain.errors import InvalidInput, NameTaken, RotationUnderWay, UnknownProvider
from keyportal.domain.masks import mask_secret
from keyportal.domain.secret import Secret
from keyportal.domain.text import name_key, require_label, require_moment, require_name, require_note
from keyportal.domain.usage import HealthSource
from keyportal.persistence import credentials
from keyportal.persistence.tables import CredentialRow
from keyportal.providers.base import Provider, destination_of
from keyportal.providers.checking import format_warning
from keyportal.services.link_addresses import pin_links
from keyportal.services.portal import Portal
from keyportal.services.sealing import has_value, seal_credential


class _Unchanged:
    """Stands for "leave this as it is" where None already means "empty"."""


UNCHANGED: Final = _Unchanged()


@dataclass(frozen=True)
class CredentialEdit:
    """What to change; None leaves a part as it is, and so does a blank value.

    `version` is the one the editor saw, if known.
    """

    version: int | None = None
    name: str | None = None
    api_key: Secret | None = None
    fields: Mapping[str, str] | None = None
    note: str | None = None
    environment: str | None = None
    active: bool | None = None
    failover: bool | None = None
    expires_at: datetime | _Unchanged | None = UNCHANGED
    remind_at: datetime | _Unchanged | None = UNCHANGED
    split_assignment: bool = False


def apply_edit(
    portal: Portal, session: Session, row: CredentialRow, edit: CredentialEdit
) -> tuple[str, list[str]]:
    """Write the edit into the row; return a notice about the value and the names of what changed."""
    provider = portal.providers.find(row.provider)
    if provider is None and row.provider:
        raise UnknownProvider("This key's provider is no longer in the catalogue. It can only be deleted.")
    wanted, secret_fields = _wanted_columns(provider, edit)
    _require_fit_for_rotation(row, wanted)
    if not edit.api_key:
        _require_same_destination(provider, row, wanted.get("fields", row.fields))
    if wanted.get("active") and not row.active and not edit.api_key and not has_value(row):
        raise InvalidInput("Enter its value first. Switched on without one, it would stop everybody.",
                           field="api_key")  # fmt: skip
    changed = [name for name, value in wanted.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, wanted[name])
    if "fields" in changed:
        # The verdict was about the key together with them.
        _forget_health(row)
    if "name" in changed:
        row.name_key = name_key(row.name)
        require_free_name(session, row)
        # Now, under the guard: sealing would flush the name on its way.
        store_row(session, row)
    notice = _replace_secret(portal, session, row, provider, edit, secret_fields)
    return notice, changed + (["api_key"] if edit.api_key else [])


def _require_fit_for_rotation(row: CredentialRow, wanted: dict[str, Any]) -> None:
    """Refuse what would make two keys out of the two halves of a rotation."""
    if row.replaces_id is not None and wanted.get("active"):
        raise RotationUnderWay("This key waits to take another one's place. Finish that rotation first.")
    if row.replaced_by_id is None or row.expires_at is None or "expires_at" not in wanted:
        return
    if not row.provider:
        # It ends all the same: the form of a General key has no dates and sends them empty.
        del wanted["expires_at"]
    elif wanted["expires_at"] is None or wanted["expires_at"] > row.expires_at:
        ends = f"{row.expires_at.day} {row.expires_at:%b %Y}"
        raise InvalidInput(
            f"This key was rotated out. It ends on {ends}; rotate the new one instead.", field="expires_at"
        )


def clean_fields(
    provider: Provider | None, typed: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the fields that may be shown, and those sealed with the value. A General key has none."""
    if provider is not None:
        return provider.parted(provider.clean_fields(typed))
    if any(value.strip() for value in typed.values()):
        raise InvalidInput(
            "A General key has a name and a value. Choose a provider for more.", field="fields"
        )
    return {}, {}


def clean_dates(
    provider: Provider | None, **dates: datetime | _Unchanged | None
) -> dict[str, datetime | None]:
    """Return the dates that are to change, in UTC. A General key never expires."""
    given = {name: date for name, date in dates.items() if not isinstance(date, _Unchanged)}
    for name, date in given.items():
        if provider is None and date is not None:
            raise InvalidInput("A General key never expires. Leave its dates empty.", field=name)
    return {name: require_moment(date, name) for name, date in given.items()}


def _wanted_columns(provider: Provider | None, edit: CredentialEdit) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the columns to write, and the fields that are sealed with the value instead."""
    wanted: dict[str, Any] = {}
    secret_fields: dict[str, str] = {}
    if edit.name is not None:
        wanted["name"] = require_name(edit.name)
    if edit.fields is not None:
        wanted["fields"], secret_fields = clean_fields(provider, edit.fields)
    if edit.note is not None:
        wanted["note"] = require_note(edit.note)
    if edit.environment is not None:
        wanted["environment"] = require_label(edit.environment)
    if edit.active is not None:
        wanted["active"] = edit.active
    if edit.failover is not None:
        wanted["failover"] = edit.failover
    wanted |= clean_dates(provider, expires_at=edit.expires_at, remind_at=edit.remind_at)
    return wanted, secret_fields


def _replace_secret(
    portal: Portal,
    session: Session,
    row: CredentialRow,
    provider: Provider | None,
    edit: CredentialEdit,
    secret_fields: Mapping[str, str],
) -> str:
    """Seal a new value to the provider's present address.

    Secret fields belong to their value: they come with it and go with it.
    """
    if not edit.api_key:
        if secret_fields:
            raise InvalidInput(
                "This is saved together with the key. Enter the key's value again too.", field="api_key"
            )
        return ""
    base_url = provider.address(row.fields) if provider else ""
    pasted = require_value(edit.api_key.reveal(), split_assignment=edit.split_assignment)
    row.base_url, row.destination = base_url, destination_of(base_url)
    row.mask = mask_secret(pasted.secret.reveal(), portal.settings.mask_style)
    row.secret_version += 1
    _forget_health(row)
    seal_credential(portal, session, row, pasted.secret, secret_fields)
    pin_links(portal, session, row)
    return notice_about(provider, pasted)


def _require_same_destination(
    provider: Provider | None, row: CredentialRow, fields: Mapping[str, str]
) -> None:
    """Refuse other fields that lead a value elsewhere, unless back to where it was sealed to.

    Only the person's own change counts: where an admin moved the provider, a key can still be switched
    off or renamed.
    """
    if provider is None:
        return
    address = provider.address(fields)
    if address != provider.address(row.fields) and destination_of(address) not in (
        row.destination,
        _destination_or_none(provider.address(row.fields)),
    ):
        raise InvalidInput("This changes where the key is sent. Enter its value again.", field="api_key")


def _destination_or_none(address: str) -> str | None:
    try:
        return destination_of(address)
    except InvalidInput:
        # A place of the address was not filled in with the former fields.
        return None


def _forget_health(row: CredentialRow) -> None:
    row.health_outcome, row.health_message = None, ""
    row.health_checked_at, row.health_latency_ms = None, None
    row.health_details, row.health_source, row.failing_until = {}, str(HealthSource.TEST), None


def notice_about(provider: Provider | None, pasted: PastedValue) -> str:
    """Say what was cleaned off a value and what is odd about its look. Neither ever blocks."""
    odd = format_warning(provider, pasted.secret.reveal()) if provider else ""
    return " ".join(sentence for sentence in (pasted.notice, odd) if sentence)


def require_free_name(session: Session, row: CredentialRow) -> None:
    with session.no_autoflush:
        holder = credentials.find_by_name(session, row.owner_key, row.name_key)
    if holder is not None and holder.id != row.id:
        raise NameTaken(field="name")


def store_row(session: Session, row: CredentialRow) -> None:
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        # The unique index is the rule; the look-up before only makes the message early.
        raise NameTaken(field="name") from None
