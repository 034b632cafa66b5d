"""The dialog in which a key gets a new value without a gap: enter it, test it, switch over.

The value comes with the submit and is never put in a var. A rotation left half-way goes on here.
"""

from typing import Any

import reflex as rx

from keyportal.domain.errors import KeyPortalError
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.secret import Secret
from keyportal.services import checks, credential_rotation, credentials
from keyportal.services.check_views import CheckView
from keyportal.services.credential_rotation import NewValue
from keyportal.services.credential_views import CredentialView
from keyportal.ui.shared.credentials.check_values import CheckShown, check_shown
from keyportal.ui.shared.credentials.form_state import CredentialFormState
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import current_portal, require_text, text_of

VALUE, TEST, SWITCH = "value", "test", "switch"


class RotationState(CredentialFormState, mixin=True):
    """Goes with the form, whose fields and problems it uses; never are both open."""

    rotation_id: str = ""
    rotation_step: str = ""
    rotation_name: str = ""
    rotation_provider: str = ""
    rotation_mask: str = ""
    rotation_new_mask: str = ""
    rotation_notice: str = ""
    rotation_is_testing: bool = False
    rotation_check: CheckShown = CheckShown()
    _rotation_new_id: str = ""
    # Counts what is asked here: the answer to an earlier question is dropped.
    _rotation_number: int = 0

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def open_rotation(self, credential_id: str) -> rx.event.EventSpec | None:
        """Begin, or go on with the new value that waits."""
        view = await self._about_rotated(credentials.get, require_text(credential_id))
        waiting = await self._about_rotated(credential_rotation.find_waiting, view.id)
        self._forget_rotation()
        await self._choose(view.provider, view)
        self.rotation_id, self.rotation_name, self.rotation_mask = view.id, view.name, view.mask
        self.rotation_provider, self.rotation_step = view.provider_name, VALUE
        if waiting is not None:
            self._show_waiting(waiting)
            return None
        # The menu this was chosen from takes focus back while the dialog opens.
        return rx.set_focus("rotation-key")

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def set_rotation_open(self, is_open: bool) -> None:
        """Closing keeps a new value that waits; it says so."""
        if is_open is not True:
            self._leave_rotation()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def close_rotation(self) -> None:
        self._leave_rotation()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def submit_rotation(self, form: dict[str, Any]) -> Any:
        """Store the new value beside the old one and test it; a refusal stays beside its field."""
        self._forget_problem()
        new = NewValue(Secret(text_of(form, "api_key")), self._fields_of(form) or None)
        try:
            waiting = await self._about_rotated(credential_rotation.begin, self.rotation_id, new)
        except KeyPortalError as refusal:
            self._show_problem(refusal)
            return None
        self._show_waiting(waiting)
        await self._refresh()
        return type(self).test_rotation

    @rx.event(background=True)
    @guarded(Permission.CREDENTIALS_CHECK)
    async def test_rotation(self) -> None:
        """Ask about the new value while the dialog goes on."""
        async with self:
            principal, wanted, number = self._begin_rotation_test()
        if principal is None:
            return
        found, refusal = None, KeyPortalError()
        try:
            found = await checks.check_saved(current_portal(), principal, wanted)
        except KeyPortalError as told:
            refusal = told
        finally:
            async with self:
                await self._end_rotation_test(principal, number, found, refusal)

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def go_on_to_switch(self) -> None:
        if self._rotation_new_id:
            self._forget_problem()
            self.rotation_step = SWITCH

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def go_back_to_test(self) -> None:
        if self._rotation_new_id:
            self.rotation_step = TEST

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def finish_rotation(self, form: dict[str, Any]) -> None:
        """Switch over; a refusal stays in the dialog."""
        days, rotated = text_of(form, "grace_days"), self.rotation_id
        grace = int(days) if days.isascii() and days.isdigit() and len(days) < 4 else -1
        try:
            view = await self._about_rotated(credential_rotation.finish, rotated, grace)
        except KeyPortalError as refusal:
            self._show_problem(refusal)
            return
        self._forget_rotation()
        self._tell(f"{view.name} has its new value. {_said_of_grace(grace)}")
        await self._refresh()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def discard_rotation(self) -> None:
        """Wipe the new value; the key stays as it is."""
        rotated, name = self.rotation_id, self.rotation_name
        self._forget_rotation()
        await self._about_rotated(credential_rotation.abandon, rotated)
        self._tell(f"The new value is wiped. {name} stays as it is.")
        await self._refresh()

    async def _about_rotated(self, service: Any, credential_id: str, *more: Any) -> Any:
        return await self._call(
            service, current_portal(), self._principal(), self.ownership, credential_id, *more
        )

    def _begin_rotation_test(self) -> tuple[Principal | None, str, int]:
        if self.rotation_is_testing or not self._rotation_new_id:
            return None, "", 0
        try:
            principal = self._principal()
        except KeyPortalError as refusal:
            self._show_refusal(refusal)
            return None, "", 0
        self._forget_problem()
        self._rotation_number += 1
        self.rotation_is_testing = True
        return principal, self._rotation_new_id, self._rotation_number

    async def _end_rotation_test(
        self, principal: Principal, number: int, found: CheckView | None, refusal: KeyPortalError
    ) -> None:
        """Show what was found, unless the dialog is closed or the tab is somebody else's."""
        try:
            if not await self._is_still_there(principal) or number != self._rotation_number:
                return
            self.rotation_is_testing = False
            if found is None:
                self._show_problem(refusal)
                return
            self.rotation_check = check_shown(found)
            await self._refresh()
        except KeyPortalError as problem:
            self._show_refusal(problem)

    def _show_waiting(self, waiting: CredentialView) -> None:
        self._rotation_new_id, self.rotation_new_mask = waiting.id, waiting.mask
        self.rotation_step, self.rotation_notice = TEST, waiting.notice

    def _leave_rotation(self) -> None:
        if self._rotation_new_id:
            self._tell(f"The new value of {self.rotation_name} waits. Finish or discard it from its menu.")
        self._forget_rotation()

    def _forget_rotation(self) -> None:
        self._forget_problem()
        self._rotation_number += 1
        self.rotation_id = self.rotation_step = self._rotation_new_id = self.rotation_notice = ""
        self.rotation_new_mask, self.rotation_check = "", CheckShown()
        self.rotation_is_testing, self.value_is_shown, self.shown_fields = False, False, []


def _said_of_grace(days: int) -> str:
    match days:
        case 0:
            return "The old one has expired."
        case 1:
            return "The old one stays usable for a day."
    return f"The old one stays usable for {days} days."
