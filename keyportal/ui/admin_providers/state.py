"""The providers of this deployment: on or off, another address, added ones. For admins alone."""

from dataclasses import replace
from typing import Any, ClassVar

import reflex as rx

from keyportal.domain.errors import KeyPortalError, NotFound, ProviderInUse
from keyportal.domain.principals import Permission
from keyportal.services import provider_edits, provider_views
from keyportal.services.paging import Page
from keyportal.services.provider_edits import NewProvider, ProviderEdit
from keyportal.services.provider_views import DecisionFilter, DecisionView
from keyportal.ui import routes
from keyportal.ui.admin_providers.rows import (
    AddressForm,
    CustomForm,
    ProviderRowView,
    address_form_of,
    custom_form_of,
    keys_in_words,
    names_in,
    row_view,
)
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import SessionState, current_portal, require_text, text_of
from keyportal.ui.shared.table.listing import Listing, TableRules
from keyportal.ui.shared.table.state import TableState


class ProvidersState(TableState, SessionState):
    required_permission: ClassVar[Permission | None] = Permission.PROVIDERS_WRITE

    rules: ClassVar[TableRules] = TableRules(
        route=routes.PROVIDERS,
        noun="provider",
        sorts=("name", "kind", "keys"),
        filters=("kind", "state"),
        first_sort="name",
        first_size=100,
    )

    rows: list[ProviderRowView] = []
    address_is_open: bool = False
    address: AddressForm = AddressForm()
    form_is_open: bool = False
    form: CustomForm = CustomForm()
    form_problem: str = ""
    problem_field: str = ""
    doomed_id: str = ""
    doomed_name: str = ""

    @rx.event
    @guarded(Permission.PROVIDERS_WRITE)
    async def forget_dialogs(self) -> None:
        """The page was loaded anew: what its dialogs held in the browser is gone."""
        self.address_is_open = self.form_is_open = False
        self.doomed_id = ""

    @rx.event
    @guarded(Permission.PROVIDERS_WRITE)
    async def switch_enabled(self, provider_id: str, enabled: bool) -> None:
        wanted = require_text(provider_id)
        view = await self._call(
            provider_edits.set_enabled, current_portal(), self._principal(), wanted, enabled is True
        )
        self._tell(_said_of_switch(view))
        await self._refresh()

    @rx.event
    @guarded(Permission.PROVIDERS_WRITE)
    async def open_address(self, provider_id: str) -> None:
        self.address = address_form_of(await self._get(provider_id))
        self.form_problem = self.problem_field = ""
        self.address_is_open = True

    @rx.event
    @guarded(Permission.PROVIDERS_WRITE)
    async def set_address_open(self, is_open: bool) -> None:
        self.address_is_open = is_open is True

    @rx.event
    @guarded(Permission.PROVIDERS_WRITE)
    async def submit_address(self, form: dict[str, Any]) -> None:
        """Save, close and say what follows; a refusal stays in the form, beside its field."""
        edit = ProviderEdit(version=self.address.version, base_url=text_of(form, "base_url"))
        view = await self._save(self.address.id, edit)
        if view is None:
            return
        self.address_is_open = False
        self._tell(f"The address of {view.name} is saved. {view.notice}".strip())
        await self._refresh()

    @rx.event
    @guarded(Permission.PROVIDERS_WRITE)
    async def open_new(self) -> None:
        self.form = CustomForm()
        self._open_form()

    @rx.event
    @guarded(Permission.PROVIDERS_WRITE)
    async def open_edit(self, provider_id: str) -> None:
        self.form = custom_form_of(await self._get(provider_id))
        self._open_form()

    @rx.event
    @guarded(Permission.PROVIDERS_WRITE)
    async def set_form_open(self, is_open: bool) -> None:
        self.form_is_open = is_open is True

    @rx.event
    @guarded(Permission.PROVIDERS_WRITE)
    async def submit_form(self, form: dict[str, Any]) -> None:
        """Save, close and show the list; a refusal stays in the form, beside its field."""
        view = await (self._save_edit(form) if self.form.id else self._save_new(form))
        if view is None:
            return
        self.form_is_open = False
        said = "is saved." if self.form.id else f"is added. Programs ask for it as {view.id}."
        self._tell(f"{view.name} {said} {view.notice}".strip())
        await self._refresh()

    @rx.event
    @guarded(Permission.PROVIDERS_WRITE)
    async def ask_delete(self, provider_id: str) -> None:
        """Open the question, or say at once why it would be refused."""
        view = await self._get(provider_id)
        if view.credential_count:
            keys = keys_in_words(view.credential_count)
            raise ProviderInUse(f"{view.name} has {keys}. Delete what is saved for it first, or turn it off.")
        self.doomed_id, self.doomed_name = view.id, view.name

    @rx.event
    @guarded(Permission.PROVIDERS_WRITE)
    async def keep(self, _open: bool) -> None:
        self.doomed_id = ""

    @rx.event
    @guarded(Permission.PROVIDERS_WRITE)
    async def confirm_delete(self) -> None:
        doomed, self.doomed_id = self.doomed_id, ""
        await self._call(provider_edits.delete_custom, current_portal(), self._principal(), doomed)
        self._tell(f"{self.doomed_name} is deleted.")
        await self._refresh()

    async def _save_new(self, form: dict[str, Any]) -> DecisionView | None:
        new = NewProvider(
            name=text_of(form, "name"),
            base_url=text_of(form, "base_url"),
            auth_style=text_of(form, "auth_style"),
            environment_names=names_in(text_of(form, "environment_names")),
        )
        return await self._try(provider_edits.add_custom, new)

    async def _save_edit(self, form: dict[str, Any]) -> DecisionView | None:
        edit = ProviderEdit(
            version=self.form.version,
            name=text_of(form, "name"),
            base_url=text_of(form, "base_url"),
            auth_style=text_of(form, "auth_style"),
            environment_names=names_in(text_of(form, "environment_names")),
        )
        return await self._save(self.form.id, edit)

    async def _save(self, provider_id: str, edit: ProviderEdit) -> DecisionView | None:
        return await self._try(provider_edits.update, provider_id, edit)

    async def _try(self, service: Any, *arguments: Any) -> DecisionView | None:
        """Run an act of a form; a refusal is put beside its field."""
        self.form_problem = self.problem_field = ""
        try:
            return await self._call(service, current_portal(), self._principal(), *arguments)
        except KeyPortalError as refusal:
            self.form_problem, self.problem_field = refusal.message, refusal.field or "form"
            return None

    def _open_form(self) -> None:
        self.form_problem = self.problem_field = ""
        self.form_is_open = True

    async def _get(self, provider_id: str) -> DecisionView:
        wanted = require_text(provider_id)
        found = next((view for view in await self._decisions() if view.id == wanted), None)
        if found is None:
            raise NotFound
        return found

    async def _decisions(self) -> list[DecisionView]:
        return await self._call(provider_views.list_decisions, current_portal(), self._principal())

    async def _find(self, listing: Listing) -> Page[Any]:
        wanted = DecisionFilter(
            listing.text, listing.filters.get("kind", ""), listing.filters.get("state", "")
        )
        found = await self._call(
            provider_views.search_decisions,
            current_portal(),
            self._principal(),
            wanted,
            sort=listing.sort,
            page=listing.page,
            size=listing.size,
        )
        return replace(found, items=[row_view(view) for view in found.items])


def _said_of_switch(view: DecisionView) -> str:
    if view.enabled:
        return f"{view.name} is on again."
    stay = {0: "", 1: " Its saved key stays."}.get(
        view.credential_count, f" Its {keys_in_words(view.credential_count)} stay."
    )
    return f"{view.name} is turned off: nobody can add a key for it, and programs get none.{stay}"
