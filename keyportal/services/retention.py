"""What is forgotten after a while: usage by day, reports, remains of deleted things. Never the trail."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlmodel import Session

from keyportal.persistence import retention
from keyportal.persistence.engine import take_lock
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal

_LOCK = 742013
# Few enough that nobody waits long for the database.
_AT_ONCE = 1000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pruned:
    """How many rows of each kind are gone."""

    usage_days: int = 0
    usage_reports: int = 0
    credentials: int = 0
    agent_keys: int = 0
    sessions: int = 0
    one_time_links: int = 0
    attempts: int = 0


def prune(portal: Portal) -> Pruned:
    """Delete what is older than the policies say. Several processes may run it at once."""
    now = portal.clock.now()
    with portal.database.reading() as session:
        policies = policies_in(session)
    first_day = (now - policies.usage_kept).date()
    deleted_before = now - policies.deleted_kept
    done = Pruned(
        usage_days=_all(portal, lambda s: retention.delete_usage_before(s, first_day, _AT_ONCE)),
        usage_reports=_all(portal, _before(retention.delete_usage_reports, now - policies.reports_kept)),
        credentials=_all(portal, _before(retention.delete_credentials, deleted_before)),
        agent_keys=_all(portal, _before(retention.delete_agent_keys, deleted_before)),
        sessions=_all(portal, _before(retention.delete_sessions, deleted_before)),
        one_time_links=_all(portal, _before(retention.delete_one_time_links, deleted_before)),
        attempts=_all(portal, _before(retention.delete_attempts, now)),
    )
    if any(asdict(done).values()):
        _log.info("forgot what the policies say: %s", asdict(done))
    return done


def _before(delete: Callable[[Session, datetime, int], int], moment: datetime) -> Callable[[Session], int]:
    return lambda session: delete(session, moment, _AT_ONCE)


def _all(portal: Portal, delete_some: Callable[[Session], int]) -> int:
    """Delete in small transactions until nothing is left to delete."""
    total = 0
    while True:
        with portal.database.transaction() as session:
            take_lock(session, _LOCK)
            found = delete_some(session)
        total += found
        if found < _AT_ONCE:
            return total
