"""The form for a key: add and edit. The value comes with the submit and is never put in a var."""

from typing import Any

import reflex as rx

from keyportal.domain.errors import InvalidInput, KeyPortalError
from keyportal.domain.principals import Permission
from keyportal.domain.secret import Secret
from keyportal.services import credentials, providers
from keyportal.services.credential_views import CredentialView
from keyportal.services.credentials import CredentialEdit, NewCredential
from keyportal.ui.shared.credentials.form_values import (
    CredentialForm,
    PastedHint,
    ProviderChoice,
    ProviderGroup,
    ProviderOption,
    expiry_of,
    form_of,
    groups_of,
    model_hint_of,
    options_of,
)
from keyportal.ui.shared.credentials.paste_state import PasteState
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import current_portal, require_text, text_of


class CredentialFormState(PasteState, mixin=True):
    """Goes with the list, which it refreshes after a save."""

    choices: list[ProviderOption] = []
    groups: list[ProviderGroup] = []
    form_has_details: bool = False
    value_is_shown: bool = False
    shown_fields: list[str] = []
    form_problem: str = ""
    problem_field: str = ""
    # Counts the refusals: the browser puts focus into the field of each, of one refused twice too.
    problem_number: int = 0

    @rx.event
    @guarded(Permission.PROVIDERS_READ)
    async def load_providers(self) -> None:
        found = await self._providers()
        self.choices, self.groups = options_of(found), groups_of(found)
        self.model_providers = [p.id for p in found if p.has_model_check]
        self._model_hints = {p.id: model_hint_of(p) for p in found}

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
        await self._choose(view.provider, view)
        self.form = form_of(view)
        self._open_form()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def toggle_value(self) -> None:
        self.value_is_shown = not self.value_is_shown

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def toggle_field(self, name: str) -> None:
        others = [shown for shown in self.shown_fields if shown != name]
        known = any(field.name == name for field in self.extra_fields)
        self.shown_fields = [*others, name] if known and name not in self.shown_fields else others

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def close_form(self) -> None:
        self._close_form()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def set_form_open(self, is_open: bool) -> None:
        if is_open is not True:
            self._close_form()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def submit_form(self, form: dict[str, Any]) -> None:
        """Save, close and show the list; a refusal stays in the form, beside its field."""
        self._forget_problem()
        try:
            saved = await (self._save_edit(form) if self.form.id else self._save_new(form))
        except KeyPortalError as refusal:
            self._show_problem(refusal)
            return
        self._close_form()
        act = "saved" if self.form.id else "added"
        self._tell(f"{saved.name} ({saved.provider_name}) is {act}. {saved.notice}".strip())
        await self._refresh()

    async def _save_new(self, form: dict[str, Any]) -> CredentialView:
        api_key = Secret(text_of(form, "api_key"))
        new = NewCredential(
            provider=await self._provider_for(api_key),
            name=text_of(form, "name"),
            api_key=api_key,
            fields=self._fields_of(form),
            note=text_of(form, "note"),
            environment=text_of(form, "environment"),
            expires_at=expiry_of(text_of(form, "expires_on")),
            split_assignment=self.keeps_value_only,
        )
        return await self._call(credentials.create, current_portal(), self._principal(), self.ownership, new)

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
            split_assignment=self.keeps_value_only,
        )
        return await self._call(
            credentials.update, current_portal(), self._principal(), self.ownership, self.form.id, edit
        )

    async def _provider_for(self, api_key: Secret) -> str:
        """Return the provider chosen, or the one the value gives away."""
        if self.chosen.id:
            return self.chosen.id
        if not api_key.reveal().strip():
            raise InvalidInput("Paste the API key.", field="api_key")
        found = await self._call(providers.look_at_pasted, current_portal(), self._principal(), api_key)
        if found.guessed is None:
            raise InvalidInput(
                "This key could be of several providers. Choose the one it is for.", field="provider"
            )
        await self._choose(found.guessed.id)
        return found.guessed.id

    def _fields_of(self, form: dict[str, Any]) -> dict[str, str]:
        return {f.name: text_of(form, f.input_id) for f in self.extra_fields}

    def _show_problem(self, refusal: KeyPortalError) -> None:
        self.form_problem, self.problem_field = refusal.message, refusal.field or "form"
        self.problem_number += 1

    def _forget_problem(self) -> None:
        self.form_problem = self.problem_field = ""

    def _open_form(self) -> None:
        self._forget_problem()
        self._forget_answer()
        self.form_has_details = any((self.form.note, self.form.environment, self.form.expires_on))
        self.value_is_shown, self.shown_fields = False, []
        self.pasted, self.keeps_value_only, self.chosen_by_hand = PastedHint(), False, False
        self.form_is_open, self.form_number = True, self.form_number + 1

    def _close_form(self) -> None:
        self._forget_answer()
        self.form_is_open = False
