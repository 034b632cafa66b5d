"""The policies of this deployment: read with every act they govern, so a change counts at once."""

import json
from dataclasses import dataclass

from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.errors import VersionConflict
from keyportal.domain.policies import Policies, policies_from, require_policies
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import records
from keyportal.persistence.engine import take_lock
from keyportal.services import audit
from keyportal.services.portal import Portal

_NAME = "policies"
_LOCK = 742012


@dataclass(frozen=True)
class PoliciesView:
    """`version` changes with every change; an editor hands back the one they saw."""

    policies: Policies
    version: str


def policies_in(session: Session) -> Policies:
    """Return the policies as they are in this transaction."""
    row = records.read_setting(session, _NAME)
    return policies_from(json.loads(row.value)) if row else Policies()


def get_policies(portal: Portal, principal: Principal) -> PoliciesView:
    principal.require(Permission.POLICIES_READ)
    with portal.database.reading() as session:
        return _view(session)


def update_policies(
    portal: Portal, principal: Principal, wanted: Policies, *, version: str | None = None
) -> PoliciesView:
    """Replace the policies, in force from the next call on. Raises InvalidInput, VersionConflict."""
    principal.require(Permission.POLICIES_WRITE)
    wanted = require_policies(wanted)
    for provider_id in wanted.environment_off:
        portal.providers.get(provider_id)
    with portal.database.transaction() as session:
        take_lock(session, _LOCK)
        before = _view(session)
        if version is not None and version != before.version:
            raise VersionConflict
        was, is_now = before.policies.as_json(), wanted.as_json()
        changed = {name: value for name, value in is_now.items() if was[name] != value}
        if changed:
            records.write_setting(session, _NAME, json.dumps(is_now), portal.clock.now())
            audit.record(
                portal, session, principal, Action.POLICY_UPDATE, changed=sorted(changed), to=changed
            )
        session.flush()
        return _view(session)


def _view(session: Session) -> PoliciesView:
    row = records.read_setting(session, _NAME)
    return PoliciesView(policies_in(session), row.updated_at.isoformat() if row else "")
