"""One's own account: name, sessions, a few agent keys, and what happened lately, a page at a time."""

from typing import Any, ClassVar

import reflex as rx

from keyportal.domain import errors
from keyportal.domain.errors import InvalidInput
from keyportal.domain.principals import Permission
from keyportal.services import account, agent_keys, audit_search, sessions
from keyportal.services.paging import Page
from keyportal.ui import routes
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.lines import (
    ActivityLine,
    AgentKeyLine,
    SessionLine,
    activity_line,
    agent_key_line,
    session_line,
)
from keyportal.ui.shared.session import SessionState, current_portal, require_text, text_of
from keyportal.ui.shared.table.listing import Listing, TableRules
from keyportal.ui.shared.table.state import TableState

_SHOWN_AGENT_KEYS = 5
_FIELD_PROBLEMS = {
    "current_password": "This is not your present password.",
    "password": "This password cannot be used: at least 8 characters, and not a common one.",
}
_PROBLEMS = {
    error.code: error.message
    for error in (errors.TooManyAttempts, errors.OriginRefused, *errors.STORAGE_FAULTS)
}


class AccountState(TableState, SessionState):
    required_permission: ClassVar[Permission | None] = Permission.ACTIVITY_READ

    rules: ClassVar[TableRules] = TableRules(
        route=routes.ACCOUNT, noun="event", sorts=("at",), first_sort="-at"
    )

    rows: list[ActivityLine] = []
    name: str = ""
    role: str = ""
    member_since: str = ""
    name_problem: str = ""
    password_problem: str = ""
    password_problem_field: str = ""
    browsers: list[SessionLine] = []
    agent_keys: list[AgentKeyLine] = []
    agent_keys_total: int = 0

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def load_account(self) -> None:
        """Show who it is, where they are signed in, and how changing the password went."""
        asked = self.router.url.query_parameters
        code, field = asked.get("problem", ""), asked.get("field", "")
        self.password_problem, self.password_problem_field = _problem_of(code, field)
        if asked.get("changed", "") == "password":
            self._tell("Your password is changed. You are signed out everywhere else.")
        await self._show_account()

    @rx.event
    @guarded(Permission.PROFILE_WRITE)
    async def submit_name(self, form: dict[str, Any]) -> None:
        self.name_problem = ""
        try:
            view = await self._call(
                account.rename, current_portal(), self._principal(), text_of(form, "name")
            )
        except InvalidInput as refusal:
            self.name_problem = refusal.message
            return
        self.name = self.person_name = view.name
        self._tell("Your name is saved.")
        await self._refresh()

    @rx.event
    @guarded(Permission.PROFILE_WRITE)
    async def end_session(self, session_id: str) -> None:
        wanted = require_text(session_id)
        await self._call(sessions.end_own_session, current_portal(), self._principal(), wanted)
        self._tell("That browser is signed out.")
        await self._show_account()
        await self._refresh()

    @rx.event
    @guarded(Permission.PROFILE_WRITE)
    async def sign_out_elsewhere(self) -> None:
        count = await self._call(sessions.sign_out_elsewhere, current_portal(), self._principal())
        self._tell(f"{count} other browser{'' if count == 1 else 's'} signed out.")
        await self._show_account()
        await self._refresh()

    async def _find(self, listing: Listing) -> Page[ActivityLine]:
        found = await self._call(
            audit_search.own_activity,
            current_portal(),
            self._principal(),
            page=listing.page,
            size=listing.size,
        )
        own = self._principal().user_id or ""
        lines = [activity_line(item, own, is_you=True) for item in found.items]
        return Page(lines, found.total, found.page, found.pages)

    async def _show_account(self) -> None:
        asked = (current_portal(), self._principal())
        view = await self._call(account.get_account, *asked)
        self.name, self.role, self.member_since = view.name, view.role, view.created_at.isoformat()
        self.browsers = [session_line(one) for one in await self._call(sessions.own_sessions, *asked)]
        found = await self._call(agent_keys.search, *asked)
        self.agent_keys = [agent_key_line(one) for one in found.items[:_SHOWN_AGENT_KEYS]]
        self.agent_keys_total = found.total


def _problem_of(code: str, field: str) -> tuple[str, str]:
    """Return our sentence for what the address says, and the field it is about; never its words."""
    if not code:
        return "", ""
    if code == errors.InvalidInput.code and field in _FIELD_PROBLEMS:
        return _FIELD_PROBLEMS[field], field
    return _PROBLEMS.get(code, "That did not work. Try again."), ""
