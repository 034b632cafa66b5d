"""Usage as a table for a spreadsheet: a line for each day, provider, source, key and agent key."""

from collections.abc import Iterator, Mapping, Sequence

from keyportal.domain.audit import Action
from keyportal.domain.cells import neutral_cell
from keyportal.domain.principals import Principal
from keyportal.persistence import usage
from keyportal.persistence.usage import AGENT_KEY, KEY, UsageFilter, UsedOnDay
from keyportal.providers.registry import Registry
from keyportal.services import audit
from keyportal.services.files import File, csv_lines, written_for
from keyportal.services.portal import Portal
from keyportal.services.usage import USUAL_DAYS, usage_filter
from keyportal.services.usage_names import Used, names_of, provider_name

MEDIA_TYPE = "text/csv; charset=utf-8"
# So many rows are read at once.
BATCH = 500
_COUNTS = ("count", "ok", "auth_failed", "rate_limited", "quota_exhausted", "error")
_COLUMNS = (
    "day",
    "provider",
    "provider_name",
    "source",
    "key_id",
    "key_name",
    "key_mask",
    "key_owner",
    "agent_key_id",
    "agent_key_name",
    "agent_key_owner",
    *_COUNTS,
)


def export(
    portal: Portal, principal: Principal, wanted: Mapping[str, str], *, days: int = USUAL_DAYS
) -> File:
    """Begin an export of all that matches, oldest day first. Days are days of UTC.

    Raises InvalidInput, Forbidden, TooManyAttempts.
    """
    found, today = usage_filter(portal, principal, wanted, days), portal.clock.now().date()
    parts = written_for(portal, principal, _table(portal, principal, found))
    # Before the first line leaves; if it cannot be written, nothing leaves.
    with portal.database.transaction() as session:
        audit.record(portal, session, principal, Action.USAGE_EXPORT, to="csv")
    return File(f"keyportal-usage-{today.isoformat()}.csv", MEDIA_TYPE, parts)


def _table(portal: Portal, principal: Principal, wanted: UsageFilter) -> Iterator[str]:
    """Write what there is. No connection is held while a batch is written."""
    yield csv_lines([_COLUMNS])
    after: UsedOnDay | None = None
    while True:
        providers = portal.providers
        with portal.database.reading() as session:
            rows = usage.batch_after(session, wanted, after, BATCH)
            keys = names_of(providers, session, principal, KEY, {r.credential_id for r in rows} - {""})
            agents = names_of(providers, session, principal, AGENT_KEY, {r.agent_key_id for r in rows})
        if not rows:
            return
        yield csv_lines([_line(providers, row, keys, agents) for row in rows])
        after = rows[-1]


def _line(
    providers: Registry, row: UsedOnDay, keys: Mapping[str, Used], agents: Mapping[str, Used]
) -> Sequence[str]:
    key = keys.get(row.credential_id) or Used("", "environment", "Environment variable")
    agent = agents[row.agent_key_id]
    texts = (row.provider, provider_name(providers, row.provider), row.source, key.id, key.name, key.mask,
             key.owner, agent.id, agent.name, agent.owner)  # fmt: skip
    return [
        row.day.isoformat(),
        *(neutral_cell(text) for text in texts),
        *(str(getattr(row, name)) for name in _COUNTS),
    ]
