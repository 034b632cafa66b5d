"""The form for a key: add and edit. The value comes with the submit and is never put in a var."""

from dataclasses import replace
from typing import Any

import reflex as rx

from keyportal.domain.errors import InvalidInput, KeyPortalError, VersionConflict
from keyportal.domain.principals import Permission
from keyportal.domain.secret import Secret
from keyportal.services import credentials, providers
from keyportal.services.credential_views import CredentialView
from keyportal.services.credentials import CredentialEdit, NewCredential
from keyportal.ui.shared.credentials.conflict import ConflictRow, conflict_rows
from keyportal.ui.shared.credentials.form_values import (
    CredentialForm,
    PastedHint,
    ProviderChoice,
    ProviderOption,
    form_of,
    model_hint_of,
    moment_of,
    options_of,
    picker_groups,
)
from keyportal.ui.shared.credentials.paste_state import PasteState
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import current_portal, require_text, text_of
from keyportal.ui.shared.widgets.provider_picker import PickerGroup

# Where the form says what a service calls otherwise.
_FIELDS = {"expires_at": "expires_on", "remind_at": "remind_on"}
_ALWAYS_THERE = ("name", "api_key", "environment", "note", "model", "expires_on", "remind_on")


class CredentialFormState(PasteState, mixin=True):
    """Goes with the list, which it refreshes after a save."""

    choices: list[ProviderOption] = []
    groups: list[PickerGroup] = []
    form_has_details: bool = False
    # Consent to the next key means something only where the policy allows it.
    failover_is_offered: bool = False
    value_is_shown: bool = False
    shown_fields: list[str] = []
    form_problem: str = ""
    problem_field: str = ""
    # Counts the refusals: the browser puts focus into the field of each, of one refused twice too.
    problem_number: int = 0
    # Both versions, where somebody else saved first; `_conflict_version` is theirs.
    conflict: list[ConflictRow] = []
    _conflict_version: int = 0

    @rx.event
    @guarded(Permission.PROVIDERS_READ)
    async def load_providers(self) -> None:
        found = await self._providers()
        self.choices, self.groups = options_of(found), picker_groups(found)
        self.model_providers = [p.id for p in found if p.has_model_check]
        self._model_hints = {p.id: model_hint_of(p) for p in found}

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def open_new(self) -> None:
        self.form, self.chosen, self.extra_fields = CredentialForm(), ProviderChoice(), []
        await self._open_form()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def open_edit(self, credential_id: str) -> None:
        view = await self._saved(require_text(credential_id))
        await self._show_saved(view)
        await self._open_form()

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
        await self._save(form)

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def overwrite_form(self, form: dict[str, Any]) -> None:
        """Save what is typed over the version that was shown beside it, and over no newer one."""
        if self.conflict:
            self.form = replace(self.form, version=self._conflict_version)
            await self._save(form)

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def take_theirs(self) -> list[rx.event.EventSpec]:
        """Begin again with what is saved by now; what was typed goes."""
        if not self.conflict:
            return []
        await self._show_saved(await self._saved(self.form.id))
        await self._open_form()
        return [rx.set_focus("name")]

    async def _save(self, form: dict[str, Any]) -> None:
        self._forget_problem()
        try:
            saved = await (self._save_edit(form) if self.form.id else self._save_new(form))
        except VersionConflict as refusal:
            await self._show_conflict(form, refusal)
            return
        except KeyPortalError as refusal:
            self._show_problem(refusal)
            return
        self._close_form()
        act = "saved" if self.form.id else "added"
        self._tell(f"{saved.name} ({saved.provider_name}) is {act}. {saved.notice}".strip())
        await self._refresh()

    async def _show_conflict(self, form: dict[str, Any], refusal: VersionConflict) -> None:
        try:
            theirs = await self._saved(self.form.id)
        except KeyPortalError as gone:
            self._show_problem(gone)
            return
        self._show_problem(refusal)
        self.conflict = conflict_rows(self.form, form, self.extra_fields, theirs)
        self._conflict_version = theirs.version

    async def _saved(self, credential_id: str) -> CredentialView:
        return await self._call(
            credentials.get, current_portal(), self._principal(), self.ownership, credential_id
        )

    async def _show_saved(self, view: CredentialView) -> None:
        await self._choose(view.provider, view)
        self.form = form_of(view)

    async def _save_new(self, form: dict[str, Any]) -> CredentialView:
        api_key = Secret(text_of(form, "api_key"))
        new = NewCredential(
            provider=await self._provider_for(api_key),
            name=text_of(form, "name"),
            api_key=api_key,
            fields=self._fields_of(form),
            note=text_of(form, "note"),
            environment=text_of(form, "environment"),
            expires_at=moment_of(text_of(form, "expires_on"), "expires_on"),
            remind_at=moment_of(text_of(form, "remind_on"), "remind_on"),
            failover=self._failover_in(form),
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
            expires_at=moment_of(text_of(form, "expires_on"), "expires_on"),
            remind_at=moment_of(text_of(form, "remind_on"), "remind_on"),
            failover=self._failover_in(form),
            split_assignment=self.keeps_value_only,
        )
        return await self._call(
            credentials.update, current_portal(), self._principal(), self.ownership, self.form.id, edit
        )

    async def _provider_for(self, api_key: Secret) -> str:
        """Return the provider chosen, or the one the value gives away."""
        if self.chosen.id:
            return "" if self.chosen.is_general else self.chosen.id
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

    def _failover_in(self, form: dict[str, Any]) -> bool:
        """Return the consent as it is in the form, or where nobody is asked, as it is saved."""
        return text_of(form, "failover") == "on" if self.failover_is_offered else self.form.failover

    def _show_problem(self, refusal: KeyPortalError) -> None:
        """Put a refusal beside its field, or above the buttons where the form has no such field."""
        field = _FIELDS.get(refusal.field or "", refusal.field or "form")
        there = {*_ALWAYS_THERE, *(f.name for f in self.extra_fields)}
        if not self.form.id:
            there.add("provider")
        self.form_problem, self.problem_field = refusal.message, field if field in there else "form"
        self.problem_number += 1

    def _forget_problem(self) -> None:
        self.form_problem = self.problem_field = ""
        self.conflict = []

    async def _open_form(self) -> None:
        self.failover_is_offered = await self._call(
            credentials.failover_is_offered, current_portal(), self._principal()
        )
        self._forget_problem()
        self._forget_answer()
        form = self.form
        self.form_has_details = any((form.note, form.environment, form.expires_on, form.remind_on))
        self.value_is_shown, self.shown_fields = False, []
        self.pasted, self.keeps_value_only, self.chosen_by_hand = PastedHint(), False, False
        self.form_is_open, self.form_number = True, self.form_number + 1

    def _close_form(self) -> None:
        self._forget_answer()
        self.form_is_open = False
