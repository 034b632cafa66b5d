"""The list of people and the details of one of them. What is done to them is in `acts`."""

from typing import ClassVar

import reflex as rx

from keyportal.domain.errors import NotFound
from keyportal.domain.principals import Permission
from keyportal.services import agent_keys, audit_search, peoples_keys, sessions, users
from keyportal.services.paging import Page
from keyportal.services.users import UserFilter
from keyportal.ui import routes
from keyportal.ui.admin_users.acts import PeopleActs
from keyportal.ui.admin_users.links import PeopleLinks
from keyportal.ui.admin_users.rows import PersonDetail, PersonRow, key_line, person_row
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.lines import activity_line, agent_key_line, session_line
from keyportal.ui.shared.session import SessionState, current_portal, require_text
from keyportal.ui.shared.table.listing import Listing, TableRules
from keyportal.ui.shared.table.state import TableState


class UsersState(PeopleActs, PeopleLinks, TableState, SessionState):
    required_permission: ClassVar[Permission | None] = Permission.USERS_READ

    rules: ClassVar[TableRules] = TableRules(
        route=routes.USERS,
        noun="user",
        sorts=("name", "email", "created", "last_sign_in"),
        filters=("role", "status"),
    )

    rows: list[PersonRow] = []
    detail: PersonDetail = PersonDetail()
    detail_problem: str = ""

    @rx.event
    @guarded(Permission.USERS_READ)
    async def forget_dialogs(self) -> None:
        """The page was loaded anew: what its dialogs held in the browser is gone."""
        self._forget_links()
        self._forget_acts()

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def end_session(self, session_id: str) -> None:
        """Sign the person who is shown out of one browser."""
        wanted, person = require_text(session_id), self.detail.person
        await self._call(sessions.end_session_of, current_portal(), self._principal(), person.id, wanted)
        self._tell(f"{person.name} is signed out there.")
        await self._show_again()

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def end_all_sessions(self) -> None:
        person = self.detail.person
        count = await self._call(sessions.end_sessions_of, current_portal(), self._principal(), person.id)
        self._tell(f"{person.name} is signed out everywhere ({count} open).")
        await self._show_again()

    async def _find(self, listing: Listing) -> Page[PersonRow]:
        wanted = UserFilter(listing.text, listing.filters.get("role", ""), listing.filters.get("status", ""))
        found = await self._call(
            users.search,
            current_portal(),
            self._principal(),
            wanted,
            sort=listing.sort,
            page=listing.page,
            size=listing.size,
        )
        return Page([person_row(item) for item in found.items], found.total, found.page, found.pages)

    async def _opened_changed(self) -> None:
        self.detail, self.detail_problem = PersonDetail(), ""
        if self.opened:
            try:
                self.detail = await self._load_detail(self.opened)
            except NotFound as refusal:
                self.detail_problem = refusal.message

    async def _load_detail(self, user_id: str) -> PersonDetail:
        asked = (current_portal(), self._principal(), user_id)
        person = await self._call(users.get, *asked)
        activity = await self._call(audit_search.activity_of, *asked)
        keys = await self._call(peoples_keys.credentials_of, *asked)
        tokens = await self._call(agent_keys.agent_keys_of, *asked)
        # A removed person has no sessions any more.
        browsers = [] if person.removed_at else await self._call(sessions.sessions_of, *asked)
        return PersonDetail(
            person_row(person),
            [session_line(view) for view in browsers],
            [key_line(view) for view in keys],
            [agent_key_line(view) for view in tokens],
            [activity_line(view, user_id) for view in activity.items[:10]],
            activity.total > 10,
        )

    async def _show_again(self) -> None:
        """Fetch the list and the open details anew, after something changed."""
        await self._refresh()
        await self._opened_changed()
