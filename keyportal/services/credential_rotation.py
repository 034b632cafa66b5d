"""Replacing a key without a gap: the new value waits beside the old one, then takes its place.

Until `finish` programs get the old value; from then on the new one, and the old one stays usable
right behind it for a grace period.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import InvalidInput, NotFound, RotationUnderWay
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.domain.text import NAME_LIMIT, name_key
from keyportal.persistence import credential_chains, credentials
from keyportal.persistence.tables import CredentialRow
from keyportal.services.acting import acting
from keyportal.services.credential_access import READ, WRITE, require_row, require_rows
from keyportal.services.credential_edits import store_row
from keyportal.services.credential_views import CredentialView, credential_view
from keyportal.services.credentials import NewCredential, prepare, store_new
from keyportal.services.key_events import record_key
from keyportal.services.link_addresses import links_elsewhere
from keyportal.services.portal import Portal
from keyportal.services.wiping import wipe

GRACE_DAYS = (0, 1, 7, 30)
USUAL_GRACE_DAYS = 7
_NOTHING_WAITS = "No new value waits for this key. Begin the rotation first."


@dataclass(frozen=True)
class NewValue:
    """The value that is to replace a key's. `fields` as the provider needs them; none keeps the key's."""

    api_key: Secret
    fields: Mapping[str, str] | None = field(default=None, repr=False)
    split_assignment: bool = False


def begin(
    portal: Portal, principal: Principal, ownership: Ownership, credential_id: str, new: NewValue
) -> CredentialView:
    """Store the new value as an inactive key that waits; nothing is used differently yet.

    Raises NotFound, InvalidInput, RotationUnderWay.
    """
    principal.require(WRITE[ownership])
    with portal.database.reading() as session:
        old = require_row(session, principal, ownership, credential_id)
        prepared = prepare(portal, principal, ownership, _waiting(old, new))
    with acting(portal, principal) as session:
        old = require_row(session, principal, ownership, credential_id, for_update=True)
        _require_at_rest(session, old)
        _name(session, prepared.row, f"{old.name} (new)")
        store_new(portal, session, prepared)
        record_key(
            portal, session, principal, Action.CREDENTIAL_ROTATE, old, Result.STARTED, mask=prepared.row.mask
        )
    return credential_view(portal, prepared.row, prepared.notice)


def finish(
    portal: Portal,
    principal: Principal,
    ownership: Ownership,
    credential_id: str,
    grace_days: int = USUAL_GRACE_DAYS,
) -> CredentialView:
    """Switch over: the new value takes name, place and links; the old one ends after its grace.

    Raises InvalidInput for another grace period, and NotFound where no new value waits.
    """
    principal.require(WRITE[ownership])
    if isinstance(grace_days, bool) or grace_days not in GRACE_DAYS:
        raise InvalidInput(
            f"Keep the old value for {', '.join(map(str, GRACE_DAYS))} days.", field="grace_days"
        )
    with acting(portal, principal) as session:
        old, new = _both(session, principal, ownership, credential_id)
        _take_place(session, old, new)
        _retire(portal, session, old, new, timedelta(days=grace_days))
        _take_name(portal, session, old, new)
        # The new value goes nowhere its provider is not by now: such a link ends with the old one.
        staying = [link.id for link in links_elsewhere(portal, session, old)]
        credential_chains.pass_on_links(session, old.id, new.id, staying)
        expires_at = old.expires_at.isoformat() if old.expires_at else None
        record_key(
            portal, session, principal, Action.CREDENTIAL_ROTATE, new, replaces=old.id, expires_at=expires_at
        )
    return credential_view(portal, new)


def abandon(portal: Portal, principal: Principal, ownership: Ownership, credential_id: str) -> None:
    """Wipe the new value that waits; the key stays as it was. Raises NotFound where none waits."""
    principal.require(WRITE[ownership])
    with acting(portal, principal) as session:
        old, new = _both(session, principal, ownership, credential_id)
        wipe(session, new, portal.clock.now())
        record_key(
            portal, session, principal, Action.CREDENTIAL_ROTATE, old, mask=new.mask, reason="discarded"
        )


def find_waiting(
    portal: Portal, principal: Principal, ownership: Ownership, credential_id: str
) -> CredentialView | None:
    """Return the key that waits to take this one's place, if there is one. Raises NotFound."""
    principal.require(READ[ownership])
    with portal.database.reading() as session:
        old = require_row(session, principal, ownership, credential_id)
        ids = credential_chains.waiting_for(session, old.owner_key, [old.id])
        row = credentials.find_credential(session, [old.owner_key], ids[old.id]) if ids else None
        return credential_view(portal, row) if row else None


def _waiting(old: CredentialRow, new: NewValue) -> NewCredential:
    return NewCredential(
        provider=old.provider,
        name=old.name,
        api_key=new.api_key,
        fields=old.fields if new.fields is None else new.fields,
        active=False,
        split_assignment=new.split_assignment,
        replaces_id=old.id,
    )


def _require_at_rest(session: Session, old: CredentialRow) -> None:
    if old.replaces_id is not None:
        raise RotationUnderWay("This key waits to take another one's place. Finish that rotation first.")
    if old.replaced_by_id is not None:
        raise RotationUnderWay("Another key took this one's place. Rotate that one.")
    if credential_chains.waiting_for(session, old.owner_key, [old.id]):
        raise RotationUnderWay


def _both(
    session: Session, principal: Principal, ownership: Ownership, credential_id: str
) -> tuple[CredentialRow, CredentialRow]:
    """Return the key and the one that waits for its place, both locked in one order for everybody."""
    found = require_row(session, principal, ownership, credential_id)
    waiting = credential_chains.waiting_for(session, found.owner_key, [found.id])
    if not waiting:
        raise NotFound(_NOTHING_WAITS)
    if found.provider:
        credential_chains.lock_chain(session, found.owner_key, found.provider)
    rows = {row.id: row for row in require_rows(session, principal, ownership, [found.id, *waiting.values()])}
    old = rows.pop(found.id)
    (new,) = rows.values()
    for row in (old, new):
        session.refresh(row)
    if new.replaces_id != old.id:
        # Another tab was faster.
        raise NotFound(_NOTHING_WAITS)
    return old, new


def _take_place(session: Session, old: CredentialRow, new: CredentialRow) -> None:
    """Put the new key where the old one was, and the old one right behind it."""
    if not old.provider:
        return
    before = credential_chains.in_order(session, old.owner_key, old.provider)
    wanted = [one for one, _ in before if one != new.id]
    wanted.insert(wanted.index(old.id), new.id)
    credential_chains.write_positions(session, before, wanted)
    for row in (old, new):
        session.refresh(row, ["position"])


def _retire(
    portal: Portal, session: Session, old: CredentialRow, new: CredentialRow, grace: timedelta
) -> None:
    now = portal.clock.now()
    new.active, new.environment, new.note = old.active, old.environment, old.note
    new.failover, new.replaces_id = old.failover, None
    old.replaced_by_id = new.id
    old.expires_at = _sooner(old.expires_at, now + grace)
    old.remind_at = None
    for row in (old, new):
        row.version += 1
        row.updated_at = now


def _take_name(portal: Portal, session: Session, old: CredentialRow, new: CredentialRow) -> None:
    name, today = old.name, portal.clock.now()
    _name(session, old, f"{name} (retired {today.day} {today:%b %Y})")
    # One after the other: both names are unique at every moment.
    store_row(session, old)
    new.name, new.name_key = name, name_key(name)
    store_row(session, new)


def _name(session: Session, row: CredentialRow, wanted: str) -> None:
    """Give a row this name, shortened to fit and numbered if it is taken."""
    base, _, suffix = wanted.rpartition(" (")
    for number in range(1, 1000):
        counted = f" ({suffix}" if number == 1 else f" ({suffix[:-1]} {number})"
        name = base[: NAME_LIMIT - len(counted)].rstrip() + counted
        with session.no_autoflush:
            holder = credentials.find_by_name(session, row.owner_key, name_key(name))
        if holder is None or holder.id == row.id:
            row.name, row.name_key = name, name_key(name)
            return


def _sooner(one: datetime | None, other: datetime) -> datetime:
    return other if one is None or other < one else one
