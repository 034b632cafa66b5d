"""What the set-up page tells a stranger: whether the portal still waits for its admin."""

import reflex as rx

from keyportal.domain import errors
from keyportal.services import sign_in
from keyportal.ui import routes
from keyportal.ui.shared.guards import public
from keyportal.ui.shared.session import SessionState, current_portal

_FIELD_PROBLEMS = {
    "code": "This is not the set-up code. It stands in the console KeyPortal was started from.",
    "email": "This is not an email address.",
    "password": "This password cannot be used: at least 8 characters, not a common one.",
}
_PROBLEMS = {
    errors.InvalidInput.code: "The code, the email or the password cannot be used. The code stands in the"
    " console KeyPortal was started from; a password has at least 8 characters and is not a common one.",
    errors.TooManyAttempts.code: errors.TooManyAttempts.message,
    errors.OriginRefused.code: errors.OriginRefused.message,
    **{fault.code: fault.message for fault in errors.STORAGE_FAULTS},
}


class SetUpState(SessionState):
    problem: str = ""
    problem_field: str = ""

    @rx.event
    @public
    async def load(self) -> rx.event.EventSpec | None:
        asked = self.router.url.query_parameters
        self.problem, self.problem_field = _problem_of(asked.get("problem", ""), asked.get("field", ""))
        needs_set_up = await self._call(sign_in.needs_set_up, current_portal())
        return None if needs_set_up else rx.redirect(routes.SIGN_IN)


def _problem_of(code: str, field: str) -> tuple[str, str]:
    """Return our sentence for what the address says, and the field it is about; never its words."""
    if not code:
        return "", ""
    if code == errors.InvalidInput.code and field in _FIELD_PROBLEMS:
        return _FIELD_PROBLEMS[field], field
    return _PROBLEMS.get(code, "That did not work. Try again."), ""
