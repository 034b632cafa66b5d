"""What the pages behind one-time links tell a stranger: why a try failed, and nothing else."""

import reflex as rx

from keyportal.domain import errors
from keyportal.ui.shared.guards import public
from keyportal.ui.shared.session import SessionState

_FIELD_PROBLEMS = {
    "password": "This password cannot be used: at least 8 characters, and not a common one.",
    "name": "A name has 1 to 80 characters on one line.",
}
_PROBLEMS = {
    error.code: error.message
    for error in (errors.TooManyAttempts, errors.OriginRefused, *errors.STORAGE_FAULTS)
}
_OTHER = "That did not work. Try again."


class OneTimeLinkState(SessionState):
    """The token of the link is not here: it stays in the browser until the form is sent."""

    is_ended: bool = False
    problem: str = ""
    problem_field: str = ""

    @rx.event
    @public
    async def load(self) -> None:
        asked = self.router.url.query_parameters
        code, field = asked.get("problem", ""), asked.get("field", "")
        self.is_ended = code == errors.LinkEnded.code
        self.problem, self.problem_field = _problem_of(code, field)


def _problem_of(code: str, field: str) -> tuple[str, str]:
    """Return our sentence for what the address says, and the field it is about; never its words."""
    if not code:
        return "", ""
    if code == errors.InvalidInput.code and field in _FIELD_PROBLEMS:
        return _FIELD_PROBLEMS[field], field
    return _PROBLEMS.get(code, _OTHER), ""
