"""The audit page: what is looked for, one event in full, and the file of it all."""

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlencode

import reflex as rx

from keyportal.domain.errors import NotFound
from keyportal.domain.principals import Permission
from keyportal.services import audit_search, users
from keyportal.services.paging import Page
from keyportal.ui import routes
from keyportal.ui.admin_audit.rows import Choice, EventRow, EventShown, event_row, event_shown, people_choices
from keyportal.ui.admin_audit.verifying import VerifyingState
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import SessionState, current_portal, require_text
from keyportal.ui.shared.table.listing import Listing, TableRules
from keyportal.ui.shared.table.state import Events, TableState

_DAY_LENGTH = 10
# A range in words, or days chosen one by one; the service knows the words alone.
_DAYS = "days"


class AuditState(VerifyingState, TableState, SessionState):
    required_permission: ClassVar[Permission | None] = Permission.AUDIT_READ

    rules: ClassVar[TableRules] = TableRules(
        route=routes.AUDIT,
        noun="event",
        sorts=("at",),
        filters=("person", "action", "result", "within", "from", "to"),
        first_sort="-at",
    )

    rows: list[EventRow] = []
    people: list[Choice] = []
    person_word: str = ""
    shown: EventShown = EventShown()
    shown_problem: str = ""
    # What the links to the file add: all that the list is narrowed by.
    export_query: str = ""

    @rx.event
    @guarded(Permission.AUDIT_READ)
    async def load_choices(self) -> None:
        """Fetch what does not change with the list: who there is, and how the chain was last seen."""
        found = await self._call(users.people, current_portal(), self._principal())
        self.people = people_choices(found)
        await self._show_verification()

    @rx.event
    @guarded(Permission.AUDIT_READ)
    async def choose_day(self, name: str, day: str) -> Events:
        """Narrow by a first or last day."""
        name, day = require_text(name), require_text(day)[:_DAY_LENGTH]
        if name in ("from", "to"):
            self.filters, self.page = {**self.filters, name: day, "within": _DAYS}, 1
        await self._refresh()
        return self._write()

    async def _find(self, listing: Listing) -> Page[EventRow]:
        wanted = _wanted(listing)
        self.export_query = urlencode(
            {name: value for name, value in wanted.items() if value}, errors="replace"
        )
        names = {choice.id: choice.name for choice in self.people}
        self.person_word = names.get(wanted.get("person", ""), "One person")
        found = await self._call(
            audit_search.search,
            current_portal(),
            self._principal(),
            wanted,
            page=listing.page,
            size=listing.size,
        )
        return Page([event_row(item) for item in found.items], found.total, found.page, found.pages)

    def _take(self, listing: Listing) -> None:
        """Read an address; one that names days alone asks for them, too."""
        super()._take(listing)
        if (self.filters.get("from") or self.filters.get("to")) and not self.filters.get("within"):
            self.filters = {**self.filters, "within": _DAYS}

    async def _refresh(self) -> None:
        if self.filters.get("within") != _DAYS:
            # Days nobody sees any more must not narrow the list.
            self.filters = {**self.filters, "from": "", "to": ""}
        await super()._refresh()
        if audit_search.is_capped(self.total):
            # Nobody pages to the end of that; counting it would cost more than it tells.
            counted = f"{self.total - 1:,}"
            self.range_words = self.range_words.replace(f"of {self.total:,}", f"of {counted}+")

    async def _opened_changed(self) -> None:
        self.shown, self.shown_problem = EventShown(), ""
        if self.opened:
            asked = (current_portal(), self._principal(), self.opened)
            try:
                self.shown = event_shown(await self._call(audit_search.get_event, *asked))
            except NotFound as refusal:
                self.shown_problem = refusal.message


def _wanted(listing: Listing) -> Mapping[str, str]:
    wanted = {**listing.filters, "q": listing.text}
    return {**wanted, "within": ""} if wanted.get("within") == _DAYS else wanted
