"""What the sign-in page tells a stranger: whether a try failed, and nothing else."""

import reflex as rx

from keyportal.domain import errors
from keyportal.domain.addresses import own_page
from keyportal.services import sign_in
from keyportal.ui import routes
from keyportal.ui.shared.guards import principal_bound_to, public
from keyportal.ui.shared.session import SessionState, current_portal

_PROBLEMS = {
    error.code: error.message
    for error in (
        errors.SignInFailed,
        errors.TooManyAttempts,
        errors.OriginRefused,
        *errors.STORAGE_FAULTS,
    )
}
_OTHER = "That did not work. Try again."


class SignInState(SessionState):
    problem: str = ""
    # The page to go to afterwards, one of ours.
    next_page: str = ""

    @rx.event
    @public
    async def load(self) -> rx.event.EventSpec | None:
        asked = self.router.url.query_parameters
        code = asked.get("problem", "")
        self.problem = _PROBLEMS.get(code, _OTHER) if code else ""
        self.next_page = own_page(asked.get("next", ""), routes.pages())
        if await self._call(sign_in.needs_set_up, current_portal()):
            return rx.redirect(routes.SET_UP)
        return rx.redirect(self.next_page) if principal_bound_to(self) else None
