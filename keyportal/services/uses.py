"""What is counted and put on the trail when keys are handed out, for one resolve or for many at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from keyportal.domain.audit import Action
from keyportal.domain.principals import Principal
from keyportal.persistence.release_batches import Batch
from keyportal.services import audit
from keyportal.services.portal import Portal
from keyportal.services.releases import Release


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """One key for one caller, `count` times alike: one event of the trail.

    `marks_key` has the key's last use written down, and `marks_agent` the agent key's.
    """

    principal: Principal
    address: str
    release: Release
    count: int = 1
    marks_key: bool = True
    marks_agent: bool = False


def batch_of(portal: Portal, uses: Iterable[Use], now: datetime) -> Batch:
    """Return what is to be written, with an event for each use in their order."""
    batch = Batch(now)
    day = now.astimezone(UTC).date().isoformat()
    for use in uses:
        _add(portal, batch, use, day)
    return batch


def resolution_id_of(uid: str, number: int) -> str:
    """Return the id of one of those an event stands for, counted from 0. The first has the event's own."""
    return f"{uid}-{number}" if number else uid


def _add(portal: Portal, batch: Batch, use: Use, day: str) -> None:
    release, principal, count = use.release, use.principal, use.count
    credential_id, agent_key_id = release.credential_id, principal.agent_key_id or ""
    event = audit.event_of(
        portal,
        principal,
        Action.CREDENTIAL_RESOLVE,
        {**release.details, "count": count} if count > 1 else release.details,
        object_id=credential_id,
        object_label=release.name,
        address=use.address,
        at=batch.at,
    )
    batch.events.append(event)
    if credential_id:
        batch.uses[credential_id] = batch.uses.get(credential_id, 0) + count
        if use.marks_key:
            batch.marked_ids.add(credential_id)
    key = (day, release.provider, str(release.source), credential_id, agent_key_id)
    batch.days[key] = batch.days.get(key, 0) + count
    if use.marks_agent:
        batch.agent_key_ids.add(agent_key_id)
