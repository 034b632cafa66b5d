"""Queries for the audit trail. Lists run along an index and stop counting where nobody would page to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, true, union
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from keyportal.persistence.credentials import escape_like
from keyportal.persistence.faults import is_no_text
from keyportal.persistence.tables import AuditEventRow

# No list is counted or paged further.
COUNTED = 10_000
# Text stands in no index: it is looked for in this many of the newest events.
SEARCHED = 200_000
_ESCAPE = "\\"
_ID_LENGTH = 36


@dataclass(frozen=True)
class EventFilter:
    """What a list is narrowed to; what is empty narrows nothing. `until` itself is not in the range.

    `person` None is anybody, and an empty text is nobody in particular: operators and strangers. `named`
    is the id of an object, an event or a resolution.
    """

    person: str | None = None
    kind: str = ""
    actions: tuple[str, ...] = ()
    result: str = ""
    since: datetime | None = None
    until: datetime | None = None
    object_id: str = ""
    named: str = ""
    text: str = ""


def find_event(session: Session, number: int) -> AuditEventRow | None:
    return session.get(AuditEventRow, number)


class UnreadableEvent(Exception):
    """What stands at this number is no event any more: somebody wrote something else there."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def events_in_order(session: Session, batch: int = 1000) -> Iterator[AuditEventRow]:
    """Yield the whole trail, oldest first, in batches. Raises UnreadableEvent behind those before it."""
    behind: Any = true()
    while True:
        try:
            rows = session.exec(_by_number().where(behind).limit(batch)).all()
        except (ValueError, OperationalError) as problem:
            if not is_no_text(problem):
                raise
            yield from _up_to_the_unreadable(session, behind)
            return
        if not rows:
            return
        yield from rows
        behind = col(AuditEventRow.id) > rows[-1].id
        # What was read is not kept: a trail may be longer than memory.
        session.expunge_all()


def _up_to_the_unreadable(session: Session, behind: Any) -> Iterator[AuditEventRow]:
    numbers = select(AuditEventRow.id).where(behind).order_by(col(AuditEventRow.id))
    for number in session.exec(numbers):
        try:
            row = session.get(AuditEventRow, number)
        except (ValueError, OperationalError):
            raise UnreadableEvent(number or 0) from None
        if row is not None:
            yield row


def first_event(session: Session) -> AuditEventRow | None:
    return session.exec(_by_number().limit(1)).first()


def has_event_under(session: Session, key_id: str, since: datetime) -> bool:
    """Tell whether an event was written under an encryption key, of which there is none before `since`."""
    query = select(AuditEventRow.id).where(AuditEventRow.key_id == key_id, col(AuditEventRow.at) >= since)
    return session.exec(query.limit(1)).first() is not None


def newest_number(session: Session) -> int:
    """Return the number of the newest event, 0 for an empty trail."""
    return session.exec(select(func.max(AuditEventRow.id))).one() or 0


def event_before(session: Session, number: int) -> AuditEventRow | None:
    """Return the event in front of the one with this number, whether that is there or not."""
    query = select(AuditEventRow).where(col(AuditEventRow.id) < number)
    return session.exec(query.order_by(col(AuditEventRow.id).desc()).limit(1)).first()


def _by_number() -> Any:
    return select(AuditEventRow).order_by(col(AuditEventRow.id))


def search_events(
    session: Session, wanted: EventFilter, *, offset: int, limit: int
) -> tuple[Sequence[AuditEventRow], int]:
    """Return one page, newest first, and the number of matches, one more than COUNTED at most."""
    conditions = _conditions(session, wanted)
    counted = select(AuditEventRow.id).where(*conditions).limit(COUNTED + 1).subquery()
    total = session.exec(select(func.count()).select_from(counted)).one()
    page = select(AuditEventRow).where(*conditions).order_by(*_newest_first(wanted))
    return session.exec(page.offset(offset).limit(limit)).all(), total


def events_before(
    session: Session, wanted: EventFilter, before: int | None, size: int
) -> Sequence[AuditEventRow]:
    """Return the next matches, newest first, behind the event with this number or from the newest one."""
    query = select(AuditEventRow).where(*_conditions(session, wanted))
    if before is not None:
        query = query.where(col(AuditEventRow.id) < before)
    return session.exec(query.order_by(col(AuditEventRow.id).desc()).limit(size)).all()


def events_about(
    session: Session, user_id: str, *, offset: int, limit: int
) -> tuple[Sequence[AuditEventRow], int]:
    """Return what a person did or what was done to their account, newest first, and how many there are.

    Each half runs along its own index and gives no more than the page could need.
    """
    most = min(offset + limit, COUNTED)
    ids = _ids_about(user_id, most)
    page = session.exec(select(ids.c.id).order_by(ids.c.id.desc()).offset(offset).limit(limit)).all()
    all_ids = _ids_about(user_id, COUNTED + 1)
    counted = select(all_ids.c.id).limit(COUNTED + 1).subquery()
    total = session.exec(select(func.count()).select_from(counted)).one()
    rows = session.exec(select(AuditEventRow).where(col(AuditEventRow.id).in_(page))).all()
    return sorted(rows, key=lambda row: -(row.id or 0)), total


def _ids_about(user_id: str, most: int) -> Any:
    halves = [
        select(AuditEventRow.id)
        .where(column == user_id)
        .order_by(col(AuditEventRow.id).desc())
        .limit(most)
        .subquery()
        for column in (col(AuditEventRow.user_id), col(AuditEventRow.object_id))
    ]
    return union(*(select(half.c.id) for half in halves)).subquery()


def _newest_first(wanted: EventFilter) -> tuple[Any, ...]:
    """Order along the index the filter uses: by time where only a time is asked for."""
    by_time = (wanted.since or wanted.until) and not (
        wanted.person is not None or wanted.actions or wanted.result or wanted.object_id
    )
    newest = col(AuditEventRow.id).desc()
    return (col(AuditEventRow.at).desc(), newest) if by_time else (newest,)


def _conditions(session: Session, wanted: EventFilter) -> list[Any]:
    conditions: list[Any] = []
    if wanted.person is not None:
        conditions.append(AuditEventRow.user_id == wanted.person)
    if wanted.kind:
        conditions.append(AuditEventRow.principal_kind == wanted.kind)
    if wanted.actions:
        conditions.append(col(AuditEventRow.action).in_(wanted.actions))
    if wanted.result:
        conditions.append(AuditEventRow.result == wanted.result)
    if wanted.since:
        conditions.append(col(AuditEventRow.at) >= wanted.since)
    if wanted.until:
        conditions.append(col(AuditEventRow.at) < wanted.until)
    if wanted.object_id:
        conditions.append(AuditEventRow.object_id == wanted.object_id)
    if wanted.named:
        # All resolves that an event stands for have its id, and their number behind it.
        event_id = wanted.named[:_ID_LENGTH]
        conditions.append(
            or_(col(AuditEventRow.object_id) == wanted.named, col(AuditEventRow.uid) == event_id)
        )
    if wanted.text:
        conditions += _text(session, wanted.text)
    return conditions


def _text(session: Session, text: str) -> list[Any]:
    newest = newest_number(session)
    pattern = f"%{escape_like(text)}%"
    found = or_(
        col(AuditEventRow.object_label).ilike(pattern, escape=_ESCAPE),
        col(AuditEventRow.principal_label).ilike(pattern, escape=_ESCAPE),
    )
    return [col(AuditEventRow.id) > newest - SEARCHED, found]
