"""What is done to several keys at once: all of it or nothing, with an event for each key."""

from collections.abc import Sequence
from dataclasses import dataclass

from keyportal.domain.audit import Action
from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import InvalidInput, RotationUnderWay
from keyportal.domain.principals import Principal
from keyportal.services.acting import acting
from keyportal.services.consequences import after_deleting
from keyportal.services.credential_access import READ, WRITE, require_rows
from keyportal.services.credential_edits import store_row
from keyportal.services.key_events import record_key
from keyportal.services.paging import PAGE_SIZES
from keyportal.services.portal import Portal
from keyportal.services.sealing import has_value
from keyportal.services.wiping import wipe

MOST = max(PAGE_SIZES)
# How many names a question repeats.
_NAMED = 3


@dataclass(frozen=True)
class DeletionView:
    """What a deletion of several keys would mean, told before it is done."""

    count: int
    names: str
    consequence: str


def set_active(
    portal: Portal, principal: Principal, ownership: Ownership, credential_ids: Sequence[str], *, active: bool
) -> int:
    """Switch keys on or off and return how many were not so already.

    Raises NotFound if one of them is missing or not theirs, RotationUnderWay if one waits for another's
    place. Nothing is changed then.
    """
    principal.require(WRITE[ownership])
    wanted = _require_some(credential_ids)
    with acting(portal, principal) as session:
        rows = require_rows(session, principal, ownership, wanted)
        if active and any(row.replaces_id for row in rows):
            raise RotationUnderWay("One of these keys waits to take another's place. Finish that first.")
        if active and not all(has_value(row) for row in rows):
            raise InvalidInput("One of these keys has no value. Enter it first.")
        changed = [row for row in rows if row.active != active]
        for row in changed:
            row.active = active
            row.version += 1
            row.updated_at = portal.clock.now()
            store_row(session, row)
        for row in changed:
            record_key(portal, session, principal, Action.CREDENTIAL_UPDATE, row, changed=["active"])
    return len(changed)


def delete(portal: Portal, principal: Principal, ownership: Ownership, credential_ids: Sequence[str]) -> int:
    """Wipe keys for good and return how many. Raises NotFound if one is missing; none is deleted then."""
    principal.require(WRITE[ownership])
    wanted = _require_some(credential_ids)
    with acting(portal, principal) as session:
        rows = require_rows(session, principal, ownership, wanted)
        for row in rows:
            wipe(session, row, portal.clock.now())
        for row in rows:
            record_key(portal, session, principal, Action.CREDENTIAL_DELETE, row)
    return len(rows)


def ask_deletion(
    portal: Portal, principal: Principal, ownership: Ownership, credential_ids: Sequence[str]
) -> DeletionView:
    """Say what a deletion of these keys would leave. Raises NotFound."""
    principal.require(READ[ownership])
    wanted = _require_some(credential_ids)
    with portal.database.reading() as session:
        rows = require_rows(session, principal, ownership, wanted)
        names = [row.name for row in sorted(rows, key=lambda row: row.name_key)]
        return DeletionView(len(rows), _named(names), after_deleting(portal, session, rows))


def _require_some(credential_ids: Sequence[str]) -> list[str]:
    wanted = list(dict.fromkeys(credential_ids))
    if not 1 <= len(wanted) <= MOST:
        raise InvalidInput(f"Choose from 1 to {MOST} keys.")
    return wanted


def _named(names: Sequence[str]) -> str:
    """Return such as "Production, Staging, Test and 4 more"."""
    shown = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown
