"""The dialog "Last test": what was found out about one saved key, and asking again from there."""

from contextlib import suppress
from typing import Any

import reflex as rx

from keyportal.domain.checks import Outcome
from keyportal.domain.errors import KeyPortalError, NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.services import checks, credentials
from keyportal.services.check_views import CheckView
from keyportal.services.checks import Question
from keyportal.ui.shared.credentials.check_values import CheckShown, check_shown
from keyportal.ui.shared.credentials.page_state import CredentialPageState
from keyportal.ui.shared.credentials.report_values import LastReport, last_report
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import current_portal, require_text, text_of


class CheckDialogState(CredentialPageState, mixin=True):
    """Goes with the list, which it refreshes after a test."""

    check_id: str = ""
    check_name: str = ""
    check_about: str = ""
    check_can_ask_model: bool = False
    check_model_hint: str = ""
    check_begins_with_model: bool = False
    check_is_running: bool = False
    check: CheckShown = CheckShown()
    check_report: LastReport = LastReport()
    check_problem: str = ""
    check_problem_field: str = ""
    check_models: list[str] = []
    check_models_shown: list[str] = []
    check_models_query: str = ""
    # Counts what is asked here: the answer to an earlier question is dropped.
    _check_number: int = 0

    @rx.event
    @guarded(Permission.CREDENTIALS_CHECK)
    async def open_check(self, credential_id: str) -> None:
        await self._open_check(credential_id, begins_with_model=False)

    @rx.event
    @guarded(Permission.CREDENTIALS_CHECK)
    async def open_model_check(self, credential_id: str) -> None:
        await self._open_check(credential_id, begins_with_model=True)

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def close_check(self, _open: bool) -> None:
        self._forget_check()

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def filter_models(self, text: str) -> None:
        self.check_models_query = require_text(text)[:200]
        self._show_models()

    @rx.event(background=True)
    @guarded(Permission.CREDENTIALS_CHECK)
    async def test_again(self) -> None:
        await self._ask(Question())

    @rx.event(background=True)
    @guarded(Permission.CREDENTIALS_CHECK)
    async def test_model(self, form: dict[str, Any]) -> None:
        """Without a model in the form, one is chosen from those the key can see."""
        await self._ask(Question(with_model=True, model=text_of(form, "model")))

    async def _ask(self, question: Question) -> None:
        async with self:
            principal, asked_for, number = self._begin_check()
        if principal is None:
            return
        found, refusal = None, KeyPortalError()
        try:
            found = await checks.check_saved(current_portal(), principal, asked_for, question)
        except KeyPortalError as told:
            refusal = told
        finally:
            async with self:
                await self._end_check(principal, number, found, refusal)

    def _begin_check(self) -> tuple[Principal | None, str, int]:
        """Mark the key of the dialog as being asked about; no principal if that may not be done."""
        if self.check_is_running or not self.check_id:
            return None, "", 0
        try:
            principal = self._principal()
        except KeyPortalError as refusal:
            self._show_refusal(refusal)
            return None, "", 0
        self._check_number += 1
        self.check_is_running, self.check_problem, self.check_problem_field = True, "", ""
        return principal, self.check_id, self._check_number

    async def _end_check(
        self, principal: Principal, number: int, found: CheckView | None, refusal: KeyPortalError
    ) -> None:
        """Show what was found, unless the dialog shows something else or the tab is somebody else's."""
        try:
            if not await self._is_still_there(principal):
                return
            if number == self._check_number:
                self.check_is_running = False
                if found is not None:
                    self._show_check(found)
                    # A rate limit says nothing of the key; whatever else was found takes the report's place.
                    if found.outcome != Outcome.RATE_LIMITED:
                        self.check_report = LastReport()
                else:
                    self.check_problem, self.check_problem_field = refusal.message, refusal.field or "check"
            if found is not None:
                await self._refresh()
        except KeyPortalError as problem:
            self._show_refusal(problem)

    async def _open_check(self, credential_id: str, *, begins_with_model: bool) -> None:
        portal, principal, wanted = current_portal(), self._principal(), require_text(credential_id)
        self._forget_check()
        view = await self._call(credentials.get, portal, principal, self.ownership, wanted)
        with suppress(NotFound):  # Not tested yet, and the dialog says so.
            self._show_check(await self._call(checks.last_check, portal, principal, view.id))
        self.check_id, self.check_name, self.check_report = view.id, view.name, last_report(view)
        self.check_about = f"{view.provider_name} {view.mask}"
        self.check_can_ask_model = view.provider in self.model_providers
        self.check_model_hint = self._model_hints.get(view.provider, "")
        self.check_begins_with_model = begins_with_model and self.check_can_ask_model

    def _show_check(self, found: CheckView) -> None:
        self.check, self.check_models = check_shown(found), list(found.models)[:200]
        self._show_models()

    def _show_models(self) -> None:
        query = self.check_models_query.strip().casefold()
        self.check_models_shown = [m for m in self.check_models if query in m.casefold()]

    def _forget_check(self) -> None:
        self._check_number += 1
        self.check_id, self.check, self.check_is_running = "", CheckShown(), False
        self.check_report = LastReport()
        self.check_problem = self.check_problem_field = self.check_models_query = ""
        self.check_models, self.check_models_shown = [], []
