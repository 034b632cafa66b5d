"""How often keys were used, by whom, and what came of it: of one's own uses, or for admins of everybody's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from keyportal.domain.errors import InvalidInput
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.text import is_row_id, name_key, require_storable, search_key
from keyportal.persistence import usage
from keyportal.persistence.usage import AGENT_KEY, GROUPS, KEY, PROVIDER, SORTS, Sums, UsageFilter
from keyportal.resolver import Source
from keyportal.services.agent_key_rows import owner_of
from keyportal.services.paging import PAGE_SIZES, Page, page_of, require_page, require_sort
from keyportal.services.portal import Portal
from keyportal.services.usage_names import Used, names_of

# How many days, today included, can be looked at.
DAYS = (7, 30, 90)
USUAL_DAYS = 30
USUAL_SORT = "-usage"
# In `person`: all persons, with the system's keys and the server's variables.
EVERYONE = "everyone"
# In `agent_key`: what was used from the server's own shell, without an agent key.
COMMAND_LINE = "command_line"
# The names of a filter, the same in an address of the page, in a query of REST and here.
FILTERS = ("person", "provider", "key", "agent_key", "source", "q")
# So many groups stand apart in a picture of the days; the others are one.
APART = 5
# So many values of a filter are offered, the most used first.
_MOST_OFFERED = 50
_PROVIDER_LIMIT = 64


@dataclass(frozen=True)
class GroupView:
    """One provider, key or agent key. `share` is its part of all uses that are looked at."""

    used: Used
    sums: Sums
    share: float
    last_day: date


@dataclass(frozen=True)
class DayView:
    """`parts` are the uses of each of the groups that stand apart, in their order."""

    day: date
    sums: Sums
    parts: tuple[int, ...]


@dataclass(frozen=True)
class UsageView:
    """Days are days of UTC, each with an entry, oldest first. `apart` are the most used groups."""

    sums: Sums
    days: tuple[DayView, ...]
    apart: tuple[Used, ...]
    groups: Page[GroupView]


@dataclass(frozen=True)
class Choices:
    """What uses can be narrowed to, the most used first."""

    providers: tuple[Used, ...]
    keys: tuple[Used, ...]
    agent_keys: tuple[Used, ...]


def search(
    portal: Portal,
    principal: Principal,
    wanted: Mapping[str, str] | None = None,
    *,
    days: int = USUAL_DAYS,
    by: str = PROVIDER,
    sort: str = USUAL_SORT,
    page: int = 1,
    size: int = PAGE_SIZES[0],
) -> UsageView:
    """Return the last days, added up by provider, key or agent key. `wanted` are texts by FILTERS.

    Raises InvalidInput, Forbidden.
    """
    require_page(page, size)
    order = require_sort(sort, SORTS)
    found = usage_filter(portal, principal, wanted or {}, days)
    _require_group(by)
    providers = portal.providers
    with portal.database.reading() as session:
        groups, total = usage.search_groups(
            session, found, by, order=order, offset=(page - 1) * size, limit=size
        )
        is_first = sort == USUAL_SORT and page == 1
        apart = [g.id for g in groups[:APART]] if is_first else usage.most_used(session, found, by, APART)
        by_day = usage.sums_by_day(session, found, by, apart)
        names = names_of(providers, session, principal, by, {*apart, *(group.id for group in groups)})
    none = Sums(), (0,) * len(apart)
    shown = tuple(DayView(day, *by_day.get(day, none)) for day in _days(found.since, days))
    sums = sum((day.sums for day in shown), Sums())
    views = [GroupView(names[g.id], g.sums, g.sums.uses / (sums.uses or 1), g.last_day) for g in groups]
    return UsageView(sums, shown, tuple(names[one] for one in apart), page_of(views, total, page, size))


def choices(portal: Portal, principal: Principal, person: str = "", *, days: int = USUAL_DAYS) -> Choices:
    """Return what was used at all, for filters. Raises InvalidInput, Forbidden."""
    wanted = usage_filter(portal, principal, {"person": person}, days)
    providers, offered = portal.providers, {}
    with portal.database.reading() as session:
        for by in GROUPS:
            ids = usage.most_used(session, wanted, by, _MOST_OFFERED)
            names = names_of(providers, session, principal, by, ids)
            offered[by] = tuple(names[one] for one in ids)
    return Choices(offered[PROVIDER], offered[KEY], offered[AGENT_KEY])


def usage_filter(portal: Portal, principal: Principal, wanted: Mapping[str, str], days: int) -> UsageFilter:
    """Return what the texts of a page or an address ask for. Raises InvalidInput, Forbidden."""
    principal.require(Permission.USAGE_READ)
    if days not in DAYS:
        *others, last = map(str, DAYS)
        raise InvalidInput(f"Choose {', '.join(others)} or {last} days.", field="days")
    given = {name: wanted.get(name, "") for name in FILTERS}
    if given["source"] not in ("", *Source):
        raise InvalidInput("There is no such source.", field="source")
    text = search_key(given["q"])
    return UsageFilter(
        since=portal.clock.now().astimezone(UTC).date() - timedelta(days=days - 1),
        person=_person(principal, given["person"]),
        provider=require_storable(given["provider"][:_PROVIDER_LIMIT].lower(), "provider"),
        source=given["source"],
        credential_id=_row_id(given["key"], "key"),
        agent_key_id=_agent_key(given["agent_key"]),
        text=text,
        named_providers=_providers_named(portal, text),
    )


def _person(principal: Principal, asked: str) -> str | None:
    """Return whose uses are looked at: one's own, or for admins those of somebody else or everybody."""
    if asked in ("", principal.user_id):
        return owner_of(principal)
    principal.require(Permission.USAGE_READ_ALL)
    return None if asked == EVERYONE else _row_id(asked, "person")


def _agent_key(asked: str) -> str | None:
    if asked == COMMAND_LINE:
        return ""
    return _row_id(asked, "agent_key") or None


def _row_id(asked: str, field: str) -> str:
    if asked and not is_row_id(asked):
        raise InvalidInput("There is nothing under this id. Choose one from the list.", field=field)
    return asked


def _providers_named(portal: Portal, text: str) -> tuple[str, ...]:
    if not text:
        return ()
    return tuple(p.id for p in portal.providers.all() if text in name_key(p.name) or text in p.id)


def _require_group(by: str) -> None:
    if by not in GROUPS:
        raise InvalidInput(f"Add up by one of {', '.join(GROUPS)}.", field="by")


def _days(first: date, number: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(number)]
