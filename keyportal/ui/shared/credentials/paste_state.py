"""What the form says about a pasted value before it is saved.

The value comes with an event, is looked at, and is never put in a var.
"""

from dataclasses import replace

import reflex as rx

from keyportal.domain.principals import Permission
from keyportal.domain.secret import Secret
from keyportal.services import providers
from keyportal.services.credential_views import CredentialView
from keyportal.services.providers import PastedView, ProviderView
from keyportal.ui.shared.credentials.form_values import (
    GENERAL,
    GENERAL_ID,
    CredentialForm,
    FieldRow,
    PastedHint,
    ProviderChoice,
    choice_of,
    field_rows,
    hint_of,
)
from keyportal.ui.shared.credentials.page_state import CredentialPageState
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import current_portal, require_text


class PasteState(CredentialPageState, mixin=True):
    """The value and its provider: what is recognised, and what is agreed to."""

    form_is_open: bool = False
    # Goes with every look at a value: what was typed into a former form says nothing about this one.
    form_number: int = 0
    form: CredentialForm = CredentialForm()
    chosen: ProviderChoice = ProviderChoice()
    chosen_by_hand: bool = False
    extra_fields: list[FieldRow] = []
    pasted: PastedHint = PastedHint()
    keeps_value_only: bool = False

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def choose_provider(self, provider_id: str) -> None:
        self._forget_answer()
        await self._choose(require_text(provider_id))
        self.chosen_by_hand = self.chosen.id != ""

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def switch_to_recognised(self) -> list[rx.event.EventSpec]:
        self._forget_answer()
        await self._choose(self.pasted.guessed_id)
        self.chosen_by_hand = False
        return [rx.set_focus("api_key")]

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def choose_candidate(self, provider_id: str) -> list[rx.event.EventSpec]:
        """As in the select; the button that was pressed vanishes, so focus goes to the value."""
        self._forget_answer()
        await self._choose(require_text(provider_id))
        self.chosen_by_hand = self.chosen.id != ""
        return [rx.set_focus("api_key")]

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def change_value(self) -> None:
        """Runs at once, before the new value is looked at: what was agreed to was the former one."""
        self.keeps_value_only = False
        self._forget_answer()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def look_at_value(self, value: str, form_number: int) -> None:
        """Say what a pasted value looks like, and choose its provider if nobody chose one.

        A value that gives nobody away changes nothing: it may be what belongs to the one before, such
        as the secret beside an access key id.
        """
        if not self.form_is_open or form_number != self.form_number:
            return
        kept = self.chosen.id if self.form.id or self.chosen_by_hand else ""
        pasted = Secret(require_text(value, "api_key"))
        found = await self._look(pasted, kept)
        if found.guessed is None and not kept and self.chosen.id:
            found = await self._look(pasted, self.chosen.id)
        elif found.guessed is not None and not kept and found.guessed.id != self.chosen.id:
            await self._choose(found.guessed.id)
        # What is odd is odd for a provider, and a General key has none.
        self.pasted = hint_of(replace(found, warning="") if self.chosen.is_general else found)

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def switch_value_only(self) -> None:
        """Agree to keep only what stands after the equals sign, or take that back."""
        self.keeps_value_only = self.pasted.is_assignment and not self.keeps_value_only
        self._forget_answer()

    def _forget_answer(self) -> None:
        """Given by the form: what was found out about a former value does not stay beside a new one."""

    async def _look(self, pasted: Secret, provider_id: str) -> PastedView:
        return await self._call(
            providers.look_at_pasted, current_portal(), self._principal(), pasted, provider_id
        )

    async def _choose(self, provider_id: str, saved: CredentialView | None = None) -> None:
        if provider_id == GENERAL_ID or (saved is not None and saved.is_general):
            self.chosen, self.extra_fields = GENERAL, []
            return
        found = next((p for p in await self._providers() if p.id == provider_id), None)
        usable = found is not None and (found.enabled or saved is not None)
        self.chosen = choice_of(found) if found and usable else ProviderChoice()
        self.extra_fields = field_rows(found, saved) if found and usable else []

    async def _providers(self) -> list[ProviderView]:
        return await self._call(
            providers.list_providers, current_portal(), self._principal(), include_disabled=True
        )
