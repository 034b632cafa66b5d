"""The trail as a file: CSV for a spreadsheet, JSON lines for programs, a batch of events at a time."""

import json
from collections.abc import Iterator, Mapping

from keyportal.domain.audit import Action
from keyportal.domain.cells import neutral_cell
from keyportal.domain.errors import InvalidInput
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import audit_events
from keyportal.persistence.audit_events import EventFilter
from keyportal.services import audit
from keyportal.services.audit_search import EventView, event_filter, event_view
from keyportal.services.files import File, csv_lines, written_for
from keyportal.services.portal import Portal

FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
# So many events are read at once.
BATCH = 500
_COLUMNS = (
    "number",
    "id",
    "at",
    "who",
    "who_kind",
    "user_id",
    "action",
    "result",
    "object_id",
    "object_label",
    "address",
    "details",
    "key_id",
    "chain",
)


def export(portal: Portal, principal: Principal, wanted: Mapping[str, str], format: str) -> File:
    """Begin an export of all matching events, newest first.

    Raises InvalidInput, Forbidden, TooManyAttempts.
    """
    principal.require(Permission.AUDIT_READ)
    if format not in FORMATS:
        raise InvalidInput(f"Choose a format of {', '.join(FORMATS)}.", field="format")
    found, now = event_filter(portal, wanted), portal.clock.now()
    parts = written_for(
        portal, principal, (_csv if format == "csv" else _json_lines)(_batches(portal, found))
    )
    # Before the first line leaves; if it cannot be written, nothing leaves.
    with portal.database.transaction() as session:
        audit.record(portal, session, principal, Action.AUDIT_EXPORT, to=format)
    return File(f"keyportal-audit-{now:%Y-%m-%d}.{format}", FORMATS[format], parts)


def _batches(portal: Portal, wanted: EventFilter) -> Iterator[list[EventView]]:
    """Yield what was on the trail at the first batch. No connection is held while one is written."""
    before: int | None = None
    while True:
        with portal.database.reading() as session:
            rows = audit_events.events_before(session, wanted, before, BATCH)
            events = [event_view(row) for row in rows]
        if not events:
            return
        yield events
        before = events[-1].number


def _csv(batches: Iterator[list[EventView]]) -> Iterator[str]:
    yield csv_lines([_COLUMNS])
    for batch in batches:
        yield csv_lines([[_cell(event, column) for column in _COLUMNS] for event in batch])


def _cell(event: EventView, column: str) -> str:
    if column == "details":
        return neutral_cell("; ".join(f"{name}={value}" for name, value in event.details))
    if column == "at":
        return event.at.isoformat()
    return neutral_cell(str(getattr(event, column)))


def _json_lines(batches: Iterator[list[EventView]]) -> Iterator[str]:
    for batch in batches:
        yield "".join(json.dumps(_as_json(event), ensure_ascii=False) + "\n" for event in batch)


def _as_json(event: EventView) -> dict[str, object]:
    values: dict[str, object] = {column: getattr(event, column) for column in _COLUMNS}
    return {**values, "at": event.at.isoformat(), "details": dict(event.details)}
