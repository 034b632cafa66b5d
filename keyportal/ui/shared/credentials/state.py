"""The list of keys: search, filters, pages, the switch, Test and Delete. One mixin, two screens."""

from typing import ClassVar

import reflex as rx

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Permission
from keyportal.services import checks, credentials, overview
from keyportal.services.credentials import CredentialEdit, CredentialFilter
from keyportal.ui.shared.credentials.rows import CredentialRowView, row_view
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import SessionState, current_portal, require_text


class CredentialListState(SessionState, mixin=True):
    """`ownership` says whose keys; the guard and the services check that against the principal."""

    ownership: ClassVar[Ownership] = Ownership.USER

    rows: list[CredentialRowView] = []
    total: int = 0
    page: int = 1
    pages: int = 1
    query: str = ""
    provider_filter: str = ""
    status_filter: str = ""
    health_filter: str = ""
    is_loaded: bool = False
    testing_id: str = ""
    doomed_id: str = ""
    doomed_name: str = ""
    doomed_consequence: str = ""

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def load(self) -> None:
        await self._refresh()

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def search(self, text: str) -> None:
        self.query, self.page = require_text(text)[:200], 1
        await self._refresh()

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def filter_by_provider(self, provider: str) -> None:
        self.provider_filter, self.page = require_text(provider), 1
        await self._refresh()

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def filter_by_status(self, status: str) -> None:
        self.status_filter, self.page = require_text(status), 1
        await self._refresh()

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def filter_by_health(self, health: str) -> None:
        self.health_filter, self.page = require_text(health), 1
        await self._refresh()

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def clear_filters(self) -> list[rx.event.EventSpec]:
        self.query = self.provider_filter = self.status_filter = self.health_filter = ""
        self.page = 1
        await self._refresh()
        return [rx.set_value("search", "")]

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def show_previous_page(self) -> None:
        self.page = max(1, self.page - 1)
        await self._refresh()

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def show_next_page(self) -> None:
        self.page = min(self.pages, self.page + 1)
        await self._refresh()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def switch_active(self, credential_id: str, active: bool) -> None:
        edit = CredentialEdit(active=active is True)
        await self._call(
            credentials.update,
            current_portal(),
            self._principal(),
            self.ownership,
            require_text(credential_id),
            edit,
        )
        await self._refresh()

    @rx.event
    @guarded(Permission.CREDENTIALS_CHECK)
    async def test(self, credential_id: str):
        """Ask the provider; the row shows that it is being asked meanwhile."""
        self.testing_id = require_text(credential_id)
        yield
        try:
            found = await checks.check_saved(current_portal(), self._principal(), self.testing_id)
            self._tell(f"{found.message} ({found.latency_ms} ms)", problem=found.outcome != "valid")
        finally:
            self.testing_id = ""
        await self._refresh()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def ask_delete(self, credential_id: str) -> None:
        """Open the question, saying what would be used instead."""
        portal, principal = current_portal(), self._principal()
        view = await self._call(
            credentials.get, portal, principal, self.ownership, require_text(credential_id)
        )
        consequence = await self._call(overview.after_deletion, portal, principal, self.ownership, view.id)
        self.doomed_id, self.doomed_name, self.doomed_consequence = view.id, view.name, consequence

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def keep(self, _open: bool) -> None:
        self.doomed_id = ""

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def confirm_delete(self) -> None:
        doomed, self.doomed_id = self.doomed_id, ""
        await self._call(credentials.delete, current_portal(), self._principal(), self.ownership, doomed)
        self._tell(f"{self.doomed_name} is deleted and its value wiped.")
        await self._refresh()

    async def _refresh(self) -> None:
        wanted = CredentialFilter(self.query, self.provider_filter, self.status_filter, self.health_filter)
        found = await self._call(
            credentials.search,
            current_portal(),
            self._principal(),
            self.ownership,
            wanted,
            page=self.page,
        )
        if found.page > found.pages:
            self.page = found.pages
            await self._refresh()
            return
        self.rows = [row_view(item) for item in found.items]
        self.total, self.pages, self.is_loaded = found.total, found.pages, True
