"""The import dialog: lines are looked at, decided about, then imported, all or none.

The text comes with both submits from the browser's own field and is never put in a var.
"""

from typing import Any, ClassVar

import reflex as rx

from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import InvalidInput, KeyPortalError, LineRefused
from keyportal.domain.principals import Permission
from keyportal.domain.secret import Secret
from keyportal.domain.text import NAME_LIMIT, require_storable
from keyportal.services import importing, providers
from keyportal.services.import_rows import ImportChoice, ImportRow, decided
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.imports.values import (
    PAGE,
    ROWS_ID,
    TEXT_ID,
    ImportOption,
    ImportRowView,
    RefusedLineView,
    act_of,
    chosen_in,
    options_of,
    refused_of,
    row_of,
    summary_of,
    told_of,
)
from keyportal.ui.shared.session import SessionState, current_portal, require_text, text_of

# Of provider ids and actions; longer than any.
_ID_LIMIT = 64


class ImportState(SessionState, mixin=True):
    """Goes with a list of keys, which it refreshes. `ownership` says whose keys they become."""

    ownership: ClassVar[Ownership] = Ownership.USER

    import_is_open: bool = False
    import_number: int = 0
    import_is_previewed: bool = False
    import_rows: list[ImportRowView] = []
    import_refused: list[RefusedLineView] = []
    import_providers: list[ImportOption] = []
    import_page: int = 1
    import_pages: int = 1
    import_summary: str = ""
    import_act: str = ""
    import_problem: str = ""
    import_problem_number: int = 0
    _import_all: list[ImportRow] = []
    _import_digest: str = ""
    _import_lacking: dict[str, str] = {}

    async def _refresh(self) -> None:
        """Given by the list."""

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def open_import(self) -> None:
        listed = await self._call(providers.list_providers, current_portal(), self._principal())
        self.import_providers = options_of(listed)
        self._forget_preview()
        self.import_is_open, self.import_number = True, self.import_number + 1

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def close_import(self) -> None:
        self._close_import()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def set_import_open(self, is_open: bool) -> None:
        if is_open is not True:
            self._close_import()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def change_import_text(self) -> list[rx.event.EventSpec]:
        """Go back to the text, which still stands in its field."""
        self._forget_preview()
        return [rx.set_focus(TEXT_ID)]

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def submit_import(self, form: dict[str, Any]) -> list[rx.event.EventSpec]:
        """Look at the lines first, and import them once they were looked at."""
        text, self.import_problem = Secret(text_of(form, TEXT_ID)), ""
        was_previewed = self.import_is_previewed
        try:
            await (self._import(text) if self.import_is_previewed else self._preview_import(text))
        except LineRefused as refusal:
            await self._show_line(refusal)
        except KeyPortalError as refusal:
            self._show_import_problem(refusal)
        # The button that was pressed is gone: focus goes to what came in its place.
        is_new = self.import_is_previewed and not was_previewed
        return [rx.set_focus(ROWS_ID)] if is_new and self.import_rows else []

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def choose_import_provider(self, line: int, provider: str) -> None:
        await self._decide(ImportChoice(line, provider=_short(provider, _ID_LIMIT)))

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def rename_import(self, line: int, name: str) -> None:
        await self._decide(ImportChoice(line, name=_short(name, NAME_LIMIT * 4)))

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def choose_import_action(self, line: int, action: str) -> None:
        await self._decide(ImportChoice(line, action=_short(action, _ID_LIMIT)))

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def show_previous_import_page(self) -> None:
        self._show_rows(self._import_all, self.import_page - 1)

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def show_next_import_page(self) -> None:
        self._show_rows(self._import_all, self.import_page + 1)

    async def _preview_import(self, text: Secret) -> None:
        found = await self._call(importing.preview, current_portal(), self._principal(), self.ownership, text)
        self._import_digest, self._import_lacking = found.digest, dict(found.lacking)
        self.import_refused, self.import_is_previewed = refused_of(found.refused), True
        self._show_rows(list(found.rows))

    async def _import(self, text: Secret) -> None:
        choices = [ImportChoice(r.line, r.action, r.provider, r.name) for r in self._import_all]
        done = await self._call(
            importing.run,
            current_portal(),
            self._principal(),
            self.ownership,
            text,
            choices,
            digest=self._import_digest,
        )
        self._close_import()
        self._tell(told_of(done))
        await self._refresh()

    async def _decide(self, choice: ImportChoice) -> None:
        """Take one decision and look at all rows again: they may want the same name."""
        rows = [decided(row, choice) if row.line == choice.line else row for row in self._import_all]
        await self._look_again(rows, self.import_page)

    async def _look_again(self, rows: list[ImportRow], page: int) -> None:
        seen = await self._call(
            importing.look_again,
            current_portal(),
            self._principal(),
            self.ownership,
            rows,
            self._import_lacking,
        )
        self._show_rows(list(seen), page)

    async def _show_line(self, refusal: LineRefused) -> None:
        """Show the row that stopped it, with what stands against it now."""
        self._show_import_problem(refusal)
        lines = [row.line for row in self._import_all]
        place = lines.index(refusal.line) if refusal.line in lines else 0
        await self._look_again(self._import_all, place // PAGE + 1)

    def _show_rows(self, rows: list[ImportRow], page: int = 1) -> None:
        self._import_all, self.import_pages = rows, max(1, -(-len(rows) // PAGE))
        self.import_page = min(max(1, page), self.import_pages)
        start = (self.import_page - 1) * PAGE
        self.import_rows = [row_of(row) for row in rows[start : start + PAGE]]
        self.import_summary = summary_of(rows, len(self.import_refused))
        chosen = chosen_in(rows)
        self.import_act = act_of(chosen) if chosen else ""

    def _show_import_problem(self, refusal: KeyPortalError) -> None:
        self.import_problem = refusal.message
        self.import_problem_number += 1

    def _forget_preview(self) -> None:
        self.import_is_previewed, self.import_problem, self.import_refused = False, "", []
        self._import_digest, self._import_lacking = "", {}
        self._show_rows([])

    def _close_import(self) -> None:
        self.import_is_open = False
        self._forget_preview()


def _short(value: Any, limit: int) -> str:
    """Refuse what only a hand-made event can hold, before a row keeps it."""
    if len(text := require_storable(require_text(value), "rows")) > limit:
        raise InvalidInput(f"This has at most {limit} characters.", field="rows")
    return text
