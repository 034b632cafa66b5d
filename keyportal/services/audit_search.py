"""Reading the trail: what an admin looks for, and what concerns a person themself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.errors import InvalidInput, NotFound
from keyportal.domain.principals import Permission, Principal, PrincipalKind
from keyportal.domain.text import EMAIL_LIMIT, is_row_id, require_storable
from keyportal.persistence import audit_events
from keyportal.persistence.audit_events import COUNTED, EventFilter
from keyportal.persistence.tables import AgentKeyRow, AuditEventRow, CredentialRow, UserRow
from keyportal.services.paging import PAGE_SIZES, Page, page_of, pages_of, require_page, require_sort
from keyportal.services.portal import Portal
from keyportal.services.uses import resolution_id_of

_USE = (Action.CREDENTIAL_RESOLVE, Action.CREDENTIAL_REPORT)
# What can be asked for together; any single action can be asked for, too.
GROUPS: dict[str, tuple[Action, ...]] = {
    "signing_in": tuple(
        a for a in Action if a.startswith(("sign_", "set_up", "password.", "session.", "profile."))
    ),
    "people": tuple(a for a in Action if a.startswith("user.")),
    "keys": tuple(
        a for a in Action if a.startswith("credential.") and a not in (Action.CREDENTIAL_CHECK, *_USE)
    ),
    "tests": (Action.CREDENTIAL_CHECK,),
    "use": (*_USE, Action.USAGE_EXPORT),
    "agent_keys": tuple(a for a in Action if a.startswith("agent_key.")),
    "settings": tuple(a for a in Action if a.startswith(("provider.", "policy."))),
    "encryption": tuple(a for a in Action if a.startswith(("encryption_key.", "backup."))),
    "audit": tuple(a for a in Action if a.startswith("audit.")),
    "refusals": (Action.ACCESS_REFUSED,),
}
_ID_LENGTH = 36
# So many of the uses that an event stands for are listed by their ids; the others follow the same rule.
LISTED = 20
RANGES = {"today": timedelta(0), "7d": timedelta(days=7), "30d": timedelta(days=30)}
# The names of a filter, the same in an address of the page, in a query of REST and here.
FILTERS = ("person", "action", "result", "within", "from", "to", "object", "q")
_NOBODY = (PrincipalKind.OPERATOR, PrincipalKind.ANONYMOUS)


@dataclass(frozen=True)
class EventView:
    """One event of the trail. `number` counts all events; `id` is its name in links and exports."""

    id: str
    number: int
    at: datetime
    who: str
    who_kind: str
    user_id: str
    action: str
    result: str
    object_id: str
    object_label: str
    address: str
    details: tuple[tuple[str, str], ...]
    key_id: str
    chain: str


@dataclass(frozen=True)
class Target:
    """Where the object of an event is to be found today: a kind of page, and an id on it."""

    kind: str
    id: str


@dataclass(frozen=True)
class EventDetail:
    """`resolutions` are the ids of the first uses of an event that stands for `uses`, more than one."""

    event: EventView
    target: Target | None
    resolutions: tuple[str, ...] = ()
    uses: int = 1


def search(
    portal: Portal,
    principal: Principal,
    wanted: Mapping[str, str] | None = None,
    *,
    sort: str = "-at",
    page: int = 1,
    size: int = PAGE_SIZES[0],
) -> Page[EventView]:
    """Return one page of the trail, newest first. Its total stops one above COUNTED.

    `wanted` are texts by the names of FILTERS. Raises InvalidInput, Forbidden.
    """
    principal.require(Permission.AUDIT_READ)
    require_page(page, size)
    require_sort(sort, ("at",))
    found = event_filter(portal, wanted or {})
    offset = _offset(page, size)
    with portal.database.reading() as session:
        rows, total = audit_events.search_events(session, found, offset=offset, limit=size)
        return _page([event_view(row) for row in rows], total, page, size)


def own_activity(
    portal: Portal, principal: Principal, *, page: int = 1, size: int = PAGE_SIZES[0]
) -> Page[EventView]:
    """Return what the principal did and what was done to their account, newest first."""
    principal.require(Permission.ACTIVITY_READ)
    return _activity(portal, principal.user_id or "", page, size)


def activity_of(
    portal: Portal, principal: Principal, user_id: str, *, page: int = 1, size: int = PAGE_SIZES[0]
) -> Page[EventView]:
    """Return what a person did and what was done to their account. Raises Forbidden."""
    principal.require(Permission.AUDIT_READ)
    return _activity(portal, user_id, page, size)


def get_event(portal: Portal, principal: Principal, number: str) -> EventDetail:
    """Return an event, where its object is now, the uses it stands for. Raises NotFound, Forbidden."""
    principal.require(Permission.AUDIT_READ)
    is_number = number.isascii() and number.isdigit() and len(number) <= 18
    with portal.database.reading() as session:
        row = audit_events.find_event(session, int(number)) if is_number else None
        if row is None:
            raise NotFound
        uses = row.details.get("count", 1) if row.action == Action.CREDENTIAL_RESOLVE else 1
        listed = range(min(uses, LISTED)) if uses > 1 else ()
        resolutions = tuple(resolution_id_of(row.uid, number) for number in listed)
        return EventDetail(event_view(row), _target(session, row), resolutions, uses)


def is_capped(total: int) -> bool:
    """Tell whether there are more matches than are counted."""
    return total > COUNTED


def event_filter(portal: Portal, wanted: Mapping[str, str]) -> EventFilter:
    """Return what the texts of a form or an address ask for. Raises InvalidInput naming the wrong one."""
    given = {name: wanted.get(name, "") for name in FILTERS}
    text = require_storable(given["q"].strip()[:EMAIL_LIMIT], "q")
    person, kind = _person(given["person"])
    since, until = _range(portal, given)
    if given["result"] not in ("", *Result):
        raise InvalidInput("There is no such result.", field="result")
    is_id = is_row_id(text[:_ID_LENGTH])
    return EventFilter(
        person=person,
        kind=kind,
        actions=_actions(given["action"]),
        result=given["result"],
        since=since,
        until=until,
        object_id=require_storable(given["object"][:EMAIL_LIMIT], "object"),
        named=text if is_id else "",
        text="" if is_id else text,
    )


def event_view(row: AuditEventRow) -> EventView:
    return EventView(
        id=row.uid,
        number=row.id or 0,
        at=row.at,
        who=row.principal_label,
        who_kind=row.principal_kind,
        user_id=row.user_id,
        action=row.action,
        result=row.result,
        object_id=row.object_id,
        object_label=row.object_label,
        address=row.address,
        details=tuple((name, _as_text(value)) for name, value in sorted(row.details.items())),
        key_id=row.key_id,
        chain=row.chain,
    )


def _activity(portal: Portal, user_id: str, page: int, size: int) -> Page[EventView]:
    require_page(page, size)
    if not is_row_id(user_id):
        return page_of([], 0, 1, size)
    with portal.database.reading() as session:
        rows, total = audit_events.events_about(session, user_id, offset=_offset(page, size), limit=size)
        return _page([event_view(row) for row in rows], total, page, size)


def _page(items: list[EventView], total: int, page: int, size: int) -> Page[EventView]:
    return Page(items, total, page, pages_of(min(total, COUNTED), size))


def _offset(page: int, size: int) -> int:
    """Return where a page begins. Behind the last one that is counted there are none."""
    return min((page - 1) * size, COUNTED)


def _person(person: str) -> tuple[str | None, str]:
    if person in _NOBODY:
        return "", person
    if person and not is_row_id(person):
        raise InvalidInput("There is no such person.", field="person")
    return person or None, ""


def _actions(action: str) -> tuple[str, ...]:
    if action in GROUPS:
        return GROUPS[action]
    if action and action not in tuple(Action):
        raise InvalidInput("There is no such action.", field="action")
    return (action,) if action else ()


def _range(portal: Portal, given: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    """Return the first moment and the one after the last. Days are days of UTC."""
    within = given["within"]
    if within not in ("", *RANGES):
        raise InvalidInput(f"Choose a range of {', '.join(RANGES)}.", field="within")
    first, last = _day(given["from"], "from"), _day(given["to"], "to")
    if first and last and last < first:
        raise InvalidInput("This is before the first day.", field="to")
    since = _begin(first)
    if within:
        now = portal.clock.now()
        since = _begin(now.astimezone(UTC).date()) if within == "today" else now - RANGES[within]
    return since, _begin(last + timedelta(days=1)) if last else None


def _day(text: str, field: str) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        day = date.max
    if day is not None and not 1970 <= day.year <= 9000:
        raise InvalidInput("Give a day such as 2026-11-21.", field=field)
    return day


def _begin(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


def _as_text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_as_text(one)}" for name, one in sorted(value.items()))
    if isinstance(value, list | tuple):
        return ", ".join(_as_text(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _target(session: Session, row: AuditEventRow) -> Target | None:
    """Return where the object is shown today, or None where it is gone or has no page for admins."""
    kind, object_id = row.action.partition(".")[0], row.object_id
    if kind == "provider" and object_id:
        return Target("provider", object_id)
    if not is_row_id(object_id):
        return None
    if kind == "credential":
        key = session.get(CredentialRow, object_id)
        if key is None or key.deleted_at is not None:
            return None
        return Target("person", key.owner_id) if key.owner_id else Target("system_key", key.id)
    if kind == "agent_key":
        agent_key = session.get(AgentKeyRow, object_id)
        if agent_key is None or agent_key.deleted_at is not None:
            return None
        return Target("person", agent_key.user_id)
    return Target("person", object_id) if session.get(UserRow, object_id) else None
