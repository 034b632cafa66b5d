"""Agent keys: the list, renaming, revoking, deleting; several at once too."""

from typing import Any, ClassVar

import reflex as rx

from keyportal.domain.errors import KeyPortalError
from keyportal.domain.principals import Permission
from keyportal.services import agent_keys
from keyportal.services.agent_keys import AgentKeyFilter
from keyportal.services.paging import Page
from keyportal.ui import routes
from keyportal.ui.agent_keys.issuing import IssuingState
from keyportal.ui.agent_keys.rows import AgentKeyItem, item_of
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import SessionState, current_portal, require_text, text_of
from keyportal.ui.shared.table.listing import Listing, TableRules
from keyportal.ui.shared.table.state import TableState

_DONE = {"revoke": "revoked", "delete": "deleted"}


class AgentKeysState(TableState, IssuingState, SessionState):
    required_permission: ClassVar[Permission | None] = Permission.AGENT_KEYS_READ

    rules: ClassVar[TableRules] = TableRules(
        route=routes.AGENT_KEYS,
        noun="agent key",
        sorts=("name", "created", "last_used", "expires"),
        filters=("status",),
    )

    rows: list[AgentKeyItem] = []
    renamed_id: str = ""
    renamed_name: str = ""
    renamed_version: int = 0
    doomed_ids: list[str] = []
    doomed_name: str = ""
    doomed_act: str = ""

    @rx.event
    @guarded(Permission.AGENT_KEYS_READ)
    async def forget_dialogs(self) -> None:
        """The page was loaded anew: what its dialogs held in the browser is gone."""
        self._close_form()
        self.renamed_id, self.doomed_ids = "", []

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def ask_rename(self, agent_key_id: str, name: str, version: int) -> None:
        self._forget_problem()
        self.renamed_id, self.renamed_name = require_text(agent_key_id), require_text(name)
        self.renamed_version = version if isinstance(version, int) else 0

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def set_rename_open(self, is_open: bool) -> None:
        self.renamed_id = self.renamed_id if is_open is True else ""

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def submit_rename(self, form: dict[str, Any]) -> None:
        try:
            await self._call(
                agent_keys.rename,
                current_portal(),
                self._principal(),
                self.renamed_id,
                text_of(form, "new_name"),
                self.renamed_version,
            )
        except KeyPortalError as refusal:
            self._show_problem(refusal)
            return
        self.renamed_id = ""
        await self._refresh()

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def ask_revoke(self, agent_key_id: str, name: str) -> None:
        self._ask("revoke", [require_text(agent_key_id)], require_text(name))

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def ask_delete(self, agent_key_id: str, name: str) -> None:
        self._ask("delete", [require_text(agent_key_id)], require_text(name))

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def ask_revoke_selected(self) -> None:
        self._ask("revoke", self.selected, _counted(len(self.selected)))

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def ask_delete_selected(self) -> None:
        self._ask("delete", self.selected, _counted(len(self.selected)))

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def keep(self, _open: bool) -> None:
        self.doomed_ids = []

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def confirm(self) -> None:
        doomed, self.doomed_ids = self.doomed_ids, []
        act = agent_keys.revoke_many if self.doomed_act == "revoke" else agent_keys.delete_many
        await self._call(act, current_portal(), self._principal(), doomed)
        verb = "is" if len(doomed) == 1 else "are"
        self._tell(
            f"{self.doomed_name} {verb} {_DONE[self.doomed_act]}."
            f" Programs that use {'it' if len(doomed) == 1 else 'them'} are refused from now on."
        )
        await self._refresh()

    def _ask(self, act: str, agent_key_ids: list[str], name: str) -> None:
        self.doomed_act, self.doomed_ids, self.doomed_name = act, list(agent_key_ids), name

    async def _find(self, listing: Listing) -> Page[Any]:
        wanted = AgentKeyFilter(listing.text, listing.filters.get("status", ""))
        found = await self._call(
            agent_keys.search,
            current_portal(),
            self._principal(),
            wanted,
            sort=listing.sort,
            page=listing.page,
            size=listing.size,
        )
        return Page([item_of(view) for view in found.items], found.total, found.page, found.pages)


def _counted(number: int) -> str:
    return "1 agent key" if number == 1 else f"{number} agent keys"
