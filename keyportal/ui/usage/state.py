"""The Usage page: which days, whose uses, added up by what, narrowed to what, and the file of it all."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

import reflex as rx

from keyportal.domain.principals import Permission
from keyportal.services import usage, users
from keyportal.services.paging import Page
from keyportal.services.usage import FILTERS, USUAL_DAYS, USUAL_SORT, UsageView
from keyportal.ui import routes
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import SessionState, current_portal, require_text
from keyportal.ui.shared.snippets import resolve_curl
from keyportal.ui.shared.table.listing import Listing, TableRules, range_words
from keyportal.ui.shared.table.state import Events, TableState
from keyportal.ui.theme import USAGE_NOUNS
from keyportal.ui.usage.rows import (
    Choice,
    DayLine,
    Series,
    Summary,
    UsageRow,
    chart_of,
    choices_of,
    day_lines,
    series_of,
    summary_of,
    usage_row,
)

_USUAL = {"days": str(USUAL_DAYS), "by": usage.PROVIDER, "person": ""}
# What a row is looked into by: a provider by its keys, a key by the programs that used it.
_NEXT = {usage.PROVIDER: usage.KEY, usage.KEY: usage.AGENT_KEY, usage.AGENT_KEY: usage.KEY}
_ENVIRONMENT = "environment:"


class UsageState(TableState, SessionState):
    required_permission: ClassVar[Permission | None] = Permission.USAGE_READ

    rules: ClassVar[TableRules] = TableRules(
        route=routes.USAGE,
        noun="row",
        sorts=("usage", "last_used", "rate"),
        filters=("days", "by", "person", "provider", "key", "agent_key", "source"),
        first_sort=USUAL_SORT,
    )

    rows: list[UsageRow] = []
    days: str = _USUAL["days"]
    by: str = _USUAL["by"]
    person: str = ""
    # The name of somebody else whose uses are looked at.
    other_person: str = ""
    # Their id where they are none of the people offered: removed, or one of very many.
    unlisted_person: str = ""
    people: list[Choice] = []
    providers: list[Choice] = []
    keys: list[Choice] = []
    agent_keys: list[Choice] = []
    provider_word: str = ""
    key_word: str = ""
    agent_key_word: str = ""
    summary: Summary = Summary()
    series: list[Series] = []
    chart: list[dict[str, Any]] = []
    lines: list[DayLine] = []
    # What the link to the file adds: all that is narrowed to.
    export_query: str = ""
    first_request: str = ""
    # Whose uses of how many days the chips offer.
    _offered: tuple[str, str] = ("", "")

    @rx.event
    @guarded(Permission.USAGE_READ)
    async def load_choices(self) -> None:
        """Fetch what does not change with the list: for admins, who there is."""
        principal, portal = self._principal(), current_portal()
        self.first_request = resolve_curl(portal.settings.public_url)
        if principal.can(Permission.USAGE_READ_ALL):
            found = await self._call(users.people, portal, principal)
            self.people = [Choice(i, name) for i, name in found if i != principal.user_id]

    @rx.event
    @guarded(Permission.USAGE_READ)
    async def choose_days(self, days: str) -> Events:
        return await self._look_at(days=require_text(days))

    @rx.event
    @guarded(Permission.USAGE_READ)
    async def choose_group(self, by: str) -> Events:
        return await self._look_at(by=require_text(by))

    @rx.event
    @guarded(Permission.USAGE_READ)
    async def choose_person(self, person: str) -> Events:
        """Show other people's uses. What this list was narrowed to may not be among them."""
        return await self._look_at(person=require_text(person), provider="", key="", agent_key="", source="")

    @rx.event
    @guarded(Permission.USAGE_READ)
    async def look_into(self, row_id: str) -> Events:
        """Narrow to a provider, key or agent key, and show what used it or was used by it."""
        row_id = require_text(row_id)
        narrowed = {self.by: row_id}
        if row_id.startswith(_ENVIRONMENT):
            narrowed = {"provider": row_id.removeprefix(_ENVIRONMENT), "source": "environment"}
        return await self._look_at(**narrowed, by=_NEXT.get(self.by, usage.KEY))

    @rx.event
    @guarded(Permission.USAGE_READ)
    async def clear_filters(self) -> Events:
        """Take away what narrows. The days, and whose uses they are, stay unless they are the problem."""
        kept = {} if self.list_problem else {name: self.filters.get(name, "") for name in _USUAL}
        self.query, self.filters, self.page = "", kept, 1
        await self._refresh()
        return [rx.set_value("search", ""), *self._write()]

    async def _look_at(self, **chosen: str) -> Events:
        usual = {name: "" if value == _USUAL.get(name) else value for name, value in chosen.items()}
        self.filters, self.page = {**self.filters, **usual}, 1
        await self._refresh()
        return self._write()

    async def _refresh(self) -> None:
        await super()._refresh()
        noun = USAGE_NOUNS.get(self.by, self.rules.noun)
        self.range_words = range_words(self._listing(), self.total, noun)

    def _narrows(self) -> bool:
        return bool(self.query or any(value for name, value in self.filters.items() if name not in _USUAL))

    async def _find(self, listing: Listing) -> Page[UsageRow]:
        chosen = {name: listing.filters.get(name) or usual for name, usual in _USUAL.items()}
        self.days, self.by, self.person = chosen["days"], chosen["by"], chosen["person"]
        wanted = {name: listing.filters.get(name, "") for name in FILTERS} | {"q": listing.text}
        asked = {**wanted, "days": self.days}
        self.export_query = urlencode({n: v for n, v in asked.items() if v}, errors="replace")
        found = await self._call(
            usage.search,
            current_portal(),
            self._principal(),
            wanted,
            days=_number(self.days),
            by=self.by,
            sort=listing.sort,
            page=listing.page,
            size=listing.size,
        )
        await self._offer(wanted)
        return self._shown(found)

    async def _offer(self, wanted: Mapping[str, str]) -> None:
        """Fetch what can be narrowed to, if these are other uses than before; and say what was chosen."""
        if self._offered != (self.person, self.days) or not self.is_loaded:
            asked = (current_portal(), self._principal(), self.person)
            found = await self._call(usage.choices, *asked, days=_number(self.days))
            self.providers, self.keys = choices_of(found.providers), choices_of(found.keys)
            self.agent_keys, self._offered = choices_of(found.agent_keys), (self.person, self.days)
        self.provider_word = _word(self.providers, wanted["provider"], wanted["provider"])
        self.key_word = _word(self.keys, wanted["key"], "One key")
        self.agent_key_word = _word(self.agent_keys, wanted["agent_key"], "One agent key")

    def _shown(self, found: UsageView) -> Page[UsageRow]:
        self.summary, self.series = summary_of(found), series_of(found)
        self.chart, self.lines = chart_of(found), day_lines(found)
        is_own = self.person in ("", self._principal().user_id)
        is_one = not is_own and self.person != usage.EVERYONE
        self.other_person = _word(self.people, self.person, "this person") if is_one else ""
        is_offered = any(choice.id == self.person for choice in self.people)
        self.unlisted_person = self.person if is_one and not is_offered else ""
        page = found.groups
        rows = [usage_row(group, is_own=is_own) for group in page.items]
        return Page(rows, page.total, page.page, page.pages)


def _number(text: str) -> int:
    """Return days of an address; what is no number is refused as no number of days that is offered."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _word(choices: list[Choice], chosen: str, otherwise: str) -> str:
    return next((choice.name for choice in choices if choice.id == chosen), otherwise) if chosen else ""
