"""What the set-up page tells a stranger: whether the portal still waits for its admin."""

import reflex as rx

from keyportal.domain import errors
from keyportal.services import sign_in
from keyportal.ui import routes
from keyportal.ui.shared.guards import public
from keyportal.ui.shared.session import SessionState, current_portal

_PROBLEMS = {
    errors.InvalidInput.code: "The code, the email or the password cannot be used. The code stands in the"
    " console KeyPortal was started from; a password has at least 8 characters and is not a common one.",
    errors.TooManyAttempts.code: errors.TooManyAttempts.message,
    errors.OriginRefused.code: errors.OriginRefused.message,
}


class SetUpState(SessionState):
    problem: str = ""

    @rx.event
    @public
    async def load(self) -> rx.event.EventSpec | None:
        code = self.router.url.query_parameters.get("problem", "")
        self.problem = _PROBLEMS.get(code, "That did not work. Try again.") if code else ""
        needs_set_up = await self._call(sign_in.needs_set_up, current_portal())
        return None if needs_set_up else rx.redirect(routes.SIGN_IN)
