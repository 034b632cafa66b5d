"""The state of a list: search, filters, sorting, pages, selected rows, and the address that says it all.

A screen mixes this in, gives its rules and `_find`, and declares `rows`. Handlers change what is shown,
fetch it and write the address; the address is read when a page is opened, by a link, a reload or Back.
"""

from typing import Any, ClassVar

import reflex as rx

from keyportal.domain.errors import KeyPortalError
from keyportal.domain.principals import Permission
from keyportal.services.paging import Page
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import SessionState, require_text
from keyportal.ui.shared.table.listing import (
    PAGE_SIZES,
    Listing,
    TableRules,
    address_of,
    listing_from,
    range_words,
)

_TEXT_LIMIT = 200
# These run downwards when first clicked: the latest and the most come first.
_DOWNWARDS = frozenset({"created", "usage", "last_used", "last_sign_in", "at"})
Events = list[rx.event.EventSpec]


class TableState(SessionState, mixin=True):
    """The concrete state names the permission its list needs in `required_permission`, or its `_find` does.

    `rows` holds frozen dataclasses with an `id`.
    """

    rules: ClassVar[TableRules]

    rows: list[Any] = []
    query: str = ""
    filters: dict[str, str] = {}
    sort: str = ""
    page: int = 1
    size: int = PAGE_SIZES[0]
    total: int = 0
    pages: int = 1
    range_words: str = ""
    opened: str = ""
    selected: list[str] = []
    is_loaded: bool = False
    is_filtered: bool = False
    list_problem: str = ""
    # Addresses this state wrote itself: when the page reports them back there is nothing to do.
    _written: list[str] = []

    async def _find(self, listing: Listing) -> Page[Any]:
        """Ask the service for this page and return it with rows for the browser. Given by the screen."""
        raise NotImplementedError

    async def _opened_changed(self) -> None:
        """Load or forget the details of `opened`. Given by screens that have any."""

    def _opened_anew(self) -> None:
        """Forget what was told about rows that are no longer shown. Given by screens that tell any."""

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def load(self) -> Events:
        """Show what the address says. Our own change of it was shown already."""
        query = self.router.url.query
        address = address_of(listing_from(query, self.rules), self.rules)
        if self._is_own(address):
            return []
        before = self.query
        self._take(listing_from(query, self.rules))
        self._opened_anew()
        await self._refresh()
        await self._opened_changed()
        # Only where it shows something else: what is being typed just now must not be taken away.
        shown = [] if self.query == before else [rx.set_value("search", self.query)]
        return [*shown, *self._write(replace=True)]

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def search(self, text: str) -> Events:
        self.query, self.page = require_text(text)[:_TEXT_LIMIT], 1
        await self._refresh()
        return self._write(replace=True)

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def filter_by(self, name: str, value: str) -> Events:
        """Narrow the list by one more thing; an empty value takes that filter away."""
        name, value = require_text(name), require_text(value)
        if name in self.rules.filters:
            self.filters = {**self.filters, name: value[:_TEXT_LIMIT]}
            self.page = 1
        await self._refresh()
        return self._write()

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def clear_filters(self) -> Events:
        self.query, self.filters, self.page = "", {}, 1
        await self._refresh()
        return [rx.set_value("search", ""), *self._write()]

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def sort_by(self, column: str) -> Events:
        """Sort by a column; once more turns the order round."""
        column = require_text(column)
        if column in self.rules.sorts:
            first = f"-{column}" if column in _DOWNWARDS else column
            turned = column if first.startswith("-") else f"-{column}"
            self.sort, self.page = turned if self.sort == first else first, 1
        await self._refresh()
        return self._write()

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def show_previous_page(self) -> Events:
        self.page = max(1, self.page - 1)
        await self._refresh()
        return self._write()

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def show_next_page(self) -> Events:
        self.page = min(self.pages, self.page + 1)
        await self._refresh()
        return self._write()

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def show_size(self, size: str) -> Events:
        """Show 25, 50 or 100 rows a page, from the first page on."""
        if (text := require_text(size)) in map(str, PAGE_SIZES):
            self.size, self.page = int(text), 1
        await self._refresh()
        return self._write()

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def try_again(self) -> None:
        await self._refresh()

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def select(self, row_id: str, is_selected: bool) -> None:
        """Take a row of this page into the selection, or out of it."""
        others = [i for i in self.selected if i != row_id]
        self.selected = [*others, row_id] if is_selected is True and row_id in self._ids() else others

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def select_page(self, is_selected: bool) -> None:
        self.selected = self._ids() if is_selected is True else []

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def clear_selection(self) -> None:
        self.selected = []

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def open_row(self, row_id: str) -> Events:
        """Open the details of a row; the address names it."""
        self.opened = require_text(row_id)[:_TEXT_LIMIT]
        await self._opened_changed()
        return self._write()

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def close_row(self, _open: bool = False) -> Events:
        self.opened = ""
        await self._opened_changed()
        return self._write(replace=True)

    async def _refresh(self) -> None:
        """Fetch what is to be shown. What cannot be fetched is told in the list's place."""
        try:
            found = await self._find(self._listing())
        except KeyPortalError as refusal:
            self.rows, self.selected, self.list_problem = [], [], refusal.message
            self.is_loaded, self.is_filtered = True, self._narrows()
            return
        if found.page > found.pages:
            self.page = found.pages
            await self._refresh()
            return
        self.rows, self.total, self.pages = found.items, found.total, found.pages
        self.list_problem, self.is_loaded, self.is_filtered = "", True, self._narrows()
        self.range_words = range_words(self._listing(), found.total, self.rules.noun)
        self.selected = [i for i in self.selected if i in self._ids()]

    def _listing(self) -> Listing:
        filters = {name: value for name in self.rules.filters if (value := self.filters.get(name, ""))}
        return Listing(
            self.query, filters, self.sort or self.rules.first_sort, self.page, self.size, self.opened
        )

    def _take(self, listing: Listing) -> None:
        self.query, self.filters, self.sort = listing.text, dict(listing.filters), listing.sort
        self.page, self.size, self.opened = listing.page, listing.size, listing.opened

    def _narrows(self) -> bool:
        return bool(self.query or any(self.filters.values()))

    def _ids(self) -> list[str]:
        return [row.id for row in self.rows]

    def _write(self, *, replace: bool = False) -> Events:
        """Put what is shown into the address, as a new place to come Back from unless `replace`."""
        address = address_of(self._listing(), self.rules)
        shown = address_of(listing_from(self.router.url.query, self.rules), self.rules)
        if address == (self._written[-1] if self._written else shown):
            return []
        self._written = [*self._written[-20:], address]
        return [rx.redirect(address, replace=replace)]

    def _is_own(self, address: str) -> bool:
        """Tell whether this address was written here; it and those before it are then done with."""
        if address not in self._written:
            self._written = []
            return False
        self._written = self._written[self._written.index(address) + 1 :]
        return self.is_loaded
