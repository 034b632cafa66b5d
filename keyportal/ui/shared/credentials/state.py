"""The list of keys: search, filters, pages, the switch, Test and Delete."""

import reflex as rx

from keyportal.domain.errors import KeyPortalError, NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.services import checks, credentials, overview
from keyportal.services.check_views import CheckView
from keyportal.services.credentials import CredentialEdit, CredentialFilter
from keyportal.ui.shared.credentials.check_values import told_of
from keyportal.ui.shared.credentials.page_state import CredentialPageState
from keyportal.ui.shared.credentials.rows import row_view
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import current_portal, require_text


class CredentialListState(CredentialPageState, mixin=True):
    """The rows of one page, and what is done to one of them."""

    total: int = 0
    page: int = 1
    pages: int = 1
    query: str = ""
    provider_filter: str = ""
    status_filter: str = ""
    health_filter: str = ""
    is_loaded: bool = False
    doomed_id: str = ""
    doomed_name: str = ""
    doomed_consequence: str = ""

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def load(self) -> list[rx.event.EventSpec]:
        """Open the list from its beginning: the controls show no search and no filter."""
        await self._start_over()
        return [rx.set_value("search", "")]

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
        await self._start_over()
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

    @rx.event(background=True)
    @guarded(Permission.CREDENTIALS_CHECK)
    async def test(self, credential_id: str) -> None:
        """Ask the provider while the tab goes on; the row shows that it is being asked.

        The state is held only at the start and at the end, and what is refused is shown from there:
        the guard's wrapper would do it without holding it.
        """
        async with self:
            principal = self._begin_test(credential_id)
        if principal is None:
            return
        found, refusal = None, KeyPortalError()
        try:
            found = await checks.check_saved(current_portal(), principal, credential_id)
        except KeyPortalError as told:
            refusal = told
        finally:
            async with self:
                await self._end_test(principal, credential_id, found, refusal)

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

    def _begin_test(self, credential_id: str) -> Principal | None:
        """Mark the key as being asked about; None if that may not or need not be done."""
        try:
            principal, wanted = self._principal(), require_text(credential_id)
        except KeyPortalError as refusal:
            self._show_refusal(refusal)
            return None
        if wanted in self.testing_ids:
            return None
        self.testing_ids = [*self.testing_ids, wanted]
        return principal

    async def _end_test(
        self, principal: Principal, credential_id: str, found: CheckView | None, refusal: KeyPortalError
    ) -> None:
        """Show how it went, unless the key is gone by now or the tab is somebody else's."""
        try:
            if not await self._is_still_there(principal):
                return
            self.testing_ids = [i for i in self.testing_ids if i != credential_id]
            if found is None:
                self._show_refusal(refusal)
            elif await self._is_saved(credential_id):
                self._tell(told_of(found), problem=found.outcome != "valid")
            await self._refresh()
        except KeyPortalError as refusal:
            self._show_refusal(refusal)

    async def _is_saved(self, credential_id: str) -> bool:
        try:
            await self._call(
                credentials.get, current_portal(), self._principal(), self.ownership, credential_id
            )
        except NotFound:
            return False
        return True

    async def _start_over(self) -> None:
        self.query = self.provider_filter = self.status_filter = self.health_filter = ""
        self.page = 1
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
