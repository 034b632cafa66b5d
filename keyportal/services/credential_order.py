"""The order in which an owner's keys for a provider are tried. The first usable one is primary."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.credentials import CredentialStatus, Ownership
from keyportal.domain.errors import InvalidInput, NotFound, VersionConflict
from keyportal.domain.principals import Principal
from keyportal.persistence import credential_chains, credential_lists
from keyportal.persistence.tables import CredentialRow
from keyportal.services.acting import acting
from keyportal.services.credential_access import READ, WRITE, owner_key_of, require_row
from keyportal.services.credential_views import CredentialView, credential_view, credential_views, row_status
from keyportal.services.credentials import CredentialEdit, update, update_row
from keyportal.services.key_events import record_key
from keyportal.services.portal import Portal

# More keys than this are not shown in one order; the rest stays behind them.
MOST_SHOWN = 100
_NO_ORDER = "A General key has no order: it is used where it is linked."


@dataclass(frozen=True)
class OrderView:
    """The keys of one chain in their order, and how many there are in all."""

    provider: str
    provider_name: str
    items: tuple[CredentialView, ...]
    total: int


def order_of(portal: Portal, principal: Principal, ownership: Ownership, provider_id: str) -> OrderView:
    """Return a provider's keys of this owner in the order they are tried. Raises UnknownProvider."""
    principal.require(READ[ownership])
    provider = portal.providers.get(provider_id)
    owner_key = owner_key_of(principal, ownership)
    with portal.database.reading() as session:
        ids = [one for one, _ in credential_chains.in_order(session, owner_key, provider.id, MOST_SHOWN)]
        rows = credential_lists.rows_of(session, owner_key, ids)
        items = tuple(credential_views(portal, session, rows))
        total = credential_chains.count_chain(session, owner_key, provider.id)
    return OrderView(provider.id, provider.name, items, total)


def change(
    portal: Portal,
    principal: Principal,
    ownership: Ownership,
    credential_id: str,
    edit: CredentialEdit,
    position: int | None = None,
) -> CredentialView:
    """Change a key's parts, then its place if one is given. Raises as `update` and `move` do."""
    if position is None:
        return update(portal, principal, ownership, credential_id, edit)
    principal.require(WRITE[ownership])
    to_index = _require_index(position)
    with acting(portal, principal) as session:
        row = require_row(session, principal, ownership, credential_id)
        # The order first: the trail is locked by the first event, and by then no key may be waited for.
        is_moved = _arrange(session, row, lambda _now: to_index)
        # Locked by now, and maybe not as it was before.
        session.refresh(row)
        notice = update_row(portal, session, principal, row, edit)
        if is_moved:
            record_key(portal, session, principal, Action.CREDENTIAL_MOVE, row, position=row.position)
    return credential_view(portal, row, notice)


def move(
    portal: Portal,
    principal: Principal,
    ownership: Ownership,
    credential_id: str,
    to_index: int,
    *,
    version: int | None = None,
) -> CredentialView:
    """Put a key at this place of its chain, counted from 0; beyond the end means last.

    Raises NotFound, VersionConflict, and InvalidInput for a General key, which has no order.
    """
    wanted = _require_index(to_index)
    return _move(portal, principal, ownership, credential_id, lambda _now: wanted, version)


def move_up(portal: Portal, principal: Principal, ownership: Ownership, credential_id: str) -> CredentialView:
    """Try a key one turn earlier; the first stays first."""
    return _move(portal, principal, ownership, credential_id, lambda now: max(0, now - 1))


def move_down(
    portal: Portal, principal: Principal, ownership: Ownership, credential_id: str
) -> CredentialView:
    """Try a key one turn later; the last stays last."""
    return _move(portal, principal, ownership, credential_id, lambda now: now + 1)


def make_primary(
    portal: Portal, principal: Principal, ownership: Ownership, credential_id: str
) -> CredentialView:
    """Put a key first. Raises InvalidInput for one that cannot be used as it is."""
    principal.require(WRITE[ownership])
    with acting(portal, principal) as session:
        row = require_row(session, principal, ownership, credential_id)
        if row_status(portal, row) is not CredentialStatus.ACTIVE:
            raise InvalidInput("Only an active key can be primary. Bring this one back first.")
        return _put(portal, session, principal, row, lambda _now: 0)


def _require_index(to_index: object) -> int:
    if isinstance(to_index, bool) or not isinstance(to_index, int) or to_index < 0:
        raise InvalidInput("Positions are numbered from 0.", field="position")
    return to_index


def _move(
    portal: Portal,
    principal: Principal,
    ownership: Ownership,
    credential_id: str,
    place: Callable[[int], int],
    version: int | None = None,
) -> CredentialView:
    principal.require(WRITE[ownership])
    with acting(portal, principal) as session:
        row = require_row(session, principal, ownership, credential_id)
        if version is not None and version != row.version:
            raise VersionConflict
        return _put(portal, session, principal, row, place)


def _put(
    portal: Portal, session: Session, principal: Principal, row: CredentialRow, place: Callable[[int], int]
) -> CredentialView:
    """Put a key at its new place, and say so on the trail if it is another."""
    if _arrange(session, row, place):
        record_key(portal, session, principal, Action.CREDENTIAL_MOVE, row, position=row.position)
    return credential_view(portal, row)


def _arrange(session: Session, row: CredentialRow, place: Callable[[int], int]) -> bool:
    """Number the chain with this key at its new place, and tell whether that is another."""
    if not row.provider:
        raise InvalidInput(_NO_ORDER, field="position")
    before = credential_chains.lock_chain(session, row.owner_key, row.provider)
    ids = [one for one, _ in before]
    if row.id not in ids:
        # Deleted by another call between the look-up and the lock.
        raise NotFound
    others = [one for one in ids if one != row.id]
    to_index = min(place(ids.index(row.id)), len(others))
    wanted = [*others[:to_index], row.id, *others[to_index:]]
    credential_chains.write_positions(session, before, wanted)
    session.refresh(row, ["position"])
    return wanted != ids
