"""Test in the form: the key is asked about before it is saved, and nothing of it is stored."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import reflex as rx

from keyportal.domain.errors import KeyPortalError
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.secret import Secret
from keyportal.services import checks
from keyportal.services.check_views import CheckView
from keyportal.services.checks import Question, UnsavedKey
from keyportal.ui.shared.credentials.check_values import CheckShown, check_shown
from keyportal.ui.shared.credentials.form_state import CredentialFormState
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import current_portal, text_of

Ask = Callable[[], Awaitable[CheckView]]


@dataclass(frozen=True)
class _Asked:
    """One press of Test. Lives in the handler only: the question holds the secret."""

    number: int
    principal: Principal
    ask: Ask


class FormTestState(CredentialFormState, mixin=True):
    """The answer stands in the dialog until the form is closed or what was asked about changes."""

    form_is_testing: bool = False
    form_check: CheckShown = CheckShown()
    # Counts what is asked here: the answer to an earlier question is dropped.
    _form_test_number: int = 0

    @rx.event(background=True)
    @guarded(Permission.CREDENTIALS_CHECK)
    async def test_form(self, form: dict[str, Any]) -> None:
        """Ask the provider while the form goes on; the state is held only before and after."""
        async with self:
            asked = await self._begin_form_test(form)
        if asked is None:
            return
        found, refusal = None, KeyPortalError()
        try:
            found = await asked.ask()
        except KeyPortalError as told:
            refusal = told
        finally:
            async with self:
                await self._end_form_test(asked, found, refusal)

    async def _begin_form_test(self, form: dict[str, Any]) -> _Asked | None:
        """Return the question, or None if it need not or cannot be asked."""
        if self.form_is_testing or not self.form_is_open:
            return None
        self._forget_problem()
        self._forget_answer()
        try:
            principal, ask = self._principal(), await self._question_in(form)
        except KeyPortalError as refusal:
            self._show_problem(refusal)
            return None
        self.form_is_testing = True
        return _Asked(self._form_test_number, principal, ask)

    async def _question_in(self, form: dict[str, Any]) -> Ask:
        """Return what to ask: about the value in the form, or about the saved one where that is blank."""
        value, fields = Secret(text_of(form, "api_key")), self._fields_of(form)
        with_model = text_of(form, "with_model") == "on" and self.chosen.has_model_check
        question = Question(with_model, text_of(form, "model") if with_model else "")
        portal, principal = current_portal(), self._principal()
        if self.form.id and not value.reveal().strip():
            return partial(checks.check_saved, portal, principal, self.form.id, question, fields=fields)
        provider = await self._provider_for(value)
        unsaved = UnsavedKey(provider, value, fields, self.keeps_value_only)
        return partial(checks.check_unsaved, portal, principal, self.ownership, unsaved, question)

    async def _end_form_test(self, asked: _Asked, found: CheckView | None, refusal: KeyPortalError) -> None:
        if not await self._is_still_there(asked.principal) or asked.number != self._form_test_number:
            return
        self.form_is_testing = False
        if found is not None:
            self.form_check = check_shown(found)
        else:
            self._show_problem(refusal)

    def _forget_answer(self) -> None:
        self._form_test_number += 1
        self.form_is_testing, self.form_check = False, CheckShown()
        if self.problem_field == "form":
            self._forget_problem()
