"""The list of keys: what it is narrowed by, the switch, Test and Delete."""

from dataclasses import replace
from typing import Any, ClassVar

import reflex as rx

from keyportal.domain.errors import KeyPortalError, NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.services import checks, credential_lists, credential_order, credentials, overview
from keyportal.services.check_views import CheckView
from keyportal.services.credential_lists import CredentialFilter
from keyportal.services.credentials import CredentialEdit
from keyportal.services.paging import Page
from keyportal.ui.shared.credentials.check_values import told_of
from keyportal.ui.shared.credentials.form_values import ProviderOption
from keyportal.ui.shared.credentials.page_state import CredentialPageState
from keyportal.ui.shared.credentials.rows import row_view
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import current_portal, require_text
from keyportal.ui.shared.table.listing import Listing, TableRules

FILTERS = ("provider", "status", "health", "environment")


def rules_of(route: str) -> TableRules:
    return TableRules(route=route, noun="key", sorts=credential_lists.SORT_COLUMNS, filters=FILTERS)


class CredentialListState(CredentialPageState, mixin=True):
    """The rows of one page, and what is done to one of them."""

    rules: ClassVar[TableRules]

    provider_choices: list[ProviderOption] = []
    label_choices: list[ProviderOption] = []
    chosen_provider: str = ""
    doomed_id: str = ""
    doomed_name: str = ""
    doomed_consequence: str = ""

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def switch_active(self, credential_id: str, active: bool) -> None:
        edit = CredentialEdit(active=active is True)
        await self._act(credentials.update, credential_id, edit)
        await self._refresh()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def make_primary(self, credential_id: str) -> None:
        view = await self._act(credential_order.make_primary, credential_id)
        self._tell(f"{view.name} is tried first for {view.provider_name} now.")
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
        view = await self._act(credentials.get, credential_id)
        consequence = await self._act(overview.after_deletion, view.id)
        self.doomed_id, self.doomed_name, self.doomed_consequence = view.id, view.name, consequence

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def keep(self, _open: bool) -> None:
        self.doomed_id = ""

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def confirm_delete(self) -> list[rx.event.EventSpec]:
        doomed, self.doomed_id = self.doomed_id, ""
        await self._act(credentials.delete, doomed)
        self._tell(f"{self.doomed_name} is deleted and its value wiped.")
        events = await self._close_details() if self.opened == doomed else []
        await self._refresh()
        return events

    async def _act(self, service: Any, credential_id: str, *more: Any) -> Any:
        """Call a service about one key of this list."""
        return await self._call(
            service, current_portal(), self._principal(), self.ownership, require_text(credential_id), *more
        )

    async def _close_details(self) -> list[rx.event.EventSpec]:
        self.opened = ""
        await self._opened_changed()
        return self._write(replace=True)

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
        except KeyPortalError as problem:
            self._show_refusal(problem)

    async def _is_saved(self, credential_id: str) -> bool:
        try:
            await self._act(credentials.get, credential_id)
        except NotFound:
            return False
        return True

    async def _find(self, listing: Listing) -> Page[Any]:
        narrowed = {name: listing.filters.get(name, "") for name in FILTERS}
        portal, principal = current_portal(), self._principal()
        found = await self._call(
            credential_lists.search,
            portal,
            principal,
            self.ownership,
            CredentialFilter(listing.text, **narrowed),
            listing.sort,
            page=listing.page,
            size=listing.size,
        )
        await self._show_choices(narrowed["provider"])
        return replace(found, items=[row_view(item) for item in found.items])

    async def _show_choices(self, chosen: str) -> None:
        """Offer in the filters what this list has keys for, and the word of the one chosen."""
        portal, principal = current_portal(), self._principal()
        in_use, labels = await self._call(credential_lists.choices, portal, principal, self.ownership)
        self.provider_choices = [ProviderOption(one.id, one.name) for one in in_use]
        self.label_choices = [ProviderOption(label, label) for label in labels]
        self.chosen_provider = next((one.name for one in in_use if one.id == chosen.lower()), "")
