"""The policies of this deployment: read with every act they govern, so a change counts at once."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.errors import VersionConflict
from keyportal.domain.policies import Policies, policies_from, require_policies
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import policies, records
from keyportal.persistence.engine import take_lock
from keyportal.services import audit
from keyportal.services.acting import acting
from keyportal.services.portal import Portal

_NAME = "policies"
_LOCK = 742012
# Held by whoever adds a key, from the moment they read whether there may be only one, and by whoever
# decides that: a key is added before the decision or by it, never in between.
ONE_KEY_LOCK = 742021


@dataclass(frozen=True)
class PoliciesView:
    """`version` is another for other policies; an editor hands back the one they saw.

    `changed_by` is empty where nobody ever changed them.
    """

    policies: Policies
    version: str
    changed_at: datetime | None = None
    changed_by: str = ""


def policies_in(session: Session) -> Policies:
    """Return the policies as they are in this transaction."""
    row = records.read_setting(session, _NAME)
    return policies_from(json.loads(row.value)) if row else Policies()


def get_policies(portal: Portal, principal: Principal) -> PoliciesView:
    principal.require(Permission.POLICIES_READ)
    with portal.database.reading() as session:
        return _view(session)


def who_changed(portal: Portal, principal: Principal, names: Collection[str]) -> str:
    """Return who changed one of these policies last, or nothing where nobody is known to have."""
    principal.require(Permission.POLICIES_READ)
    with portal.database.reading() as session:
        last = policies.last_change_of(session, Action.POLICY_UPDATE, names)
        return last.principal_label if last else ""


def change_policies(
    portal: Portal,
    principal: Principal,
    changes: Mapping[str, Any],
    *,
    version: str | None = None,
    seen: Policies | None = None,
) -> PoliciesView:
    """Change some policies, by name, in force from the next call on. The others stay.

    With `seen`, what was on the screen, a change in the meantime stops it only where it is about the
    same policies. Raises InvalidInput, UnknownProvider, VersionConflict.
    """
    principal.require(Permission.POLICIES_WRITE)
    wanted = _clean(portal, changes)
    with acting(portal, principal) as session:
        take_lock(session, _LOCK)
        if "one_key_per_provider" in wanted:
            take_lock(session, ONE_KEY_LOCK)
        before = _view(session)
        if version is not None and version != before.version:
            raise VersionConflict
        if seen is not None and any(getattr(seen, n) != getattr(before.policies, n) for n in wanted):
            raise VersionConflict
        _write(
            portal, session, principal, before.policies, require_policies(replace(before.policies, **wanted))
        )
        return _view(session)


def _clean(portal: Portal, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes with each provider once, by its own id, in order. Raises UnknownProvider."""
    wanted = dict(changes)
    if "environment_off" in wanted:
        ids = {portal.providers.get(one).id for one in wanted["environment_off"]}
        wanted["environment_off"] = tuple(sorted(ids))
    return wanted


def _write(
    portal: Portal, session: Session, principal: Principal, before: Policies, wanted: Policies
) -> None:
    was, is_now = before.as_json(), wanted.as_json()
    changed = {name: value for name, value in is_now.items() if was[name] != value}
    if changed:
        records.write_setting(session, _NAME, json.dumps(is_now), portal.clock.now())
        audit.record(portal, session, principal, Action.POLICY_UPDATE, changed=sorted(changed), to=changed)


def _view(session: Session) -> PoliciesView:
    session.flush()
    found = policies_in(session)
    version = sha256(json.dumps(found.as_json(), sort_keys=True).encode()).hexdigest()[:16]
    last = policies.last_event_of(session, Action.POLICY_UPDATE)
    return PoliciesView(found, version, last.at if last else None, last.principal_label if last else "")
