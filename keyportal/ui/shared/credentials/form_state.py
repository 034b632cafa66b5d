"""The form for a key: add and edit. The value comes with the submit and is never put in a var."""

from typing import Any, ClassVar

import reflex as rx

from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import InvalidInput, KeyPortalError
from keyportal.domain.principals import Permission
from keyportal.domain.secret import Secret
from keyportal.services import credentials, providers
from keyportal.services.credential_views import CredentialView
from keyportal.services.credentials import CredentialEdit, NewCredential
from keyportal.services.providers import ProviderView
from keyportal.ui.shared.credentials.rows import (
    CredentialForm,
    FieldRow,
    ProviderChoice,
    choice_of,
    expiry_of,
    field_rows,
    form_of,
)
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import SessionState, current_portal, require_text, text_of


class CredentialFormState(SessionState, mixin=True):
    """Goes with `CredentialListState`, whose list it refreshes after a save."""

    ownership: ClassVar[Ownership] = Ownership.USER

    choices: list[ProviderChoice] = []
    form_is_open: bool = False
    form: CredentialForm = CredentialForm()
    chosen: ProviderChoice = ProviderChoice()
    extra_fields: list[FieldRow] = []
    form_has_details: bool = False
    value_is_shown: bool = False
    form_problem: str = ""
    problem_field: str = ""

    @rx.event
    @guarded(Permission.PROVIDERS_READ)
    async def load_providers(self) -> None:
        self.choices = [choice_of(p) for p in await self._providers()]

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def open_new(self) -> None:
        self.form, self.chosen, self.extra_fields = CredentialForm(), ProviderChoice(), []
        self._open_form()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def open_edit(self, credential_id: str) -> None:
        view = await self._call(
            credentials.get, current_portal(), self._principal(), self.ownership, require_text(credential_id)
        )
        await self._choose(view.provider, dict(view.fields))
        self.form = form_of(view)
        self._open_form()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def choose_provider(self, provider_id: str) -> None:
        await self._choose(require_text(provider_id), {})

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def toggle_value(self) -> None:
        self.value_is_shown = not self.value_is_shown

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def close_form(self) -> None:
        self.form_is_open = False

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def set_form_open(self, is_open: bool) -> None:
        self.form_is_open = is_open is True

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def submit_form(self, form: dict[str, Any]) -> None:
        """Save, close and show the list; a refusal stays in the form, beside its field."""
        self.form_problem = self.problem_field = ""
        try:
            saved = await (self._save_edit(form) if self.form.id else self._save_new(form))
        except KeyPortalError as refusal:
            self.form_problem, self.problem_field = refusal.message, refusal.field or "form"
            return
        self.form_is_open = False
        act = "saved" if self.form.id else "added"
        self._tell(f"{saved.name} ({saved.provider_name}) is {act}. {saved.notice}".strip())
        await self._refresh()

    async def _refresh(self) -> None:
        """Given by the list."""

    async def _save_new(self, form: dict[str, Any]) -> CredentialView:
        api_key = Secret(text_of(form, "api_key"))
        new = NewCredential(
            provider=self.chosen.id or await self._recognise(api_key),
            name=text_of(form, "name"),
            api_key=api_key,
            fields=self._fields_of(form),
            note=text_of(form, "note"),
            environment=text_of(form, "environment"),
            expires_at=expiry_of(text_of(form, "expires_on")),
        )
        return await self._call(credentials.create, current_portal(), self._principal(), self.ownership, new)

    async def _recognise(self, api_key: Secret) -> str:
        found = await self._call(providers.guess_provider, current_portal(), self._principal(), api_key)
        if found is None:
            raise InvalidInput(
                "This key could be of several providers. Choose the one it is for.", field="provider"
            )
        await self._choose(found.id, {})
        return found.id

    async def _save_edit(self, form: dict[str, Any]) -> CredentialView:
        value = text_of(form, "api_key")
        edit = CredentialEdit(
            version=self.form.version,
            name=text_of(form, "name"),
            api_key=Secret(value) if value.strip() else None,
            fields=self._fields_of(form),
            note=text_of(form, "note"),
            environment=text_of(form, "environment"),
            expires_at=expiry_of(text_of(form, "expires_on")),
        )
        return await self._call(
            credentials.update, current_portal(), self._principal(), self.ownership, self.form.id, edit
        )

    def _fields_of(self, form: dict[str, Any]) -> dict[str, str]:
        return {f.name: text_of(form, f.input_id) for f in self.extra_fields}

    async def _choose(self, provider_id: str, values: dict[str, str]) -> None:
        found = next((p for p in await self._providers() if p.id == provider_id), None)
        self.chosen = choice_of(found) if found else ProviderChoice()
        self.extra_fields = field_rows(found, values) if found else []

    async def _providers(self) -> list[ProviderView]:
        return await self._call(providers.list_providers, current_portal(), self._principal())

    def _open_form(self) -> None:
        self.form_problem = self.problem_field = ""
        self.form_has_details = any((self.form.note, self.form.environment, self.form.expires_on))
        self.value_is_shown, self.form_is_open = False, True
