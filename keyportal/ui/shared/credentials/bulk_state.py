"""What is done to the selected keys together: all of it or nothing."""

import reflex as rx

from keyportal.domain.principals import Permission
from keyportal.services import bulk
from keyportal.ui.shared.credentials.page_state import CredentialPageState
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import current_portal


class BulkState(CredentialPageState, mixin=True):
    """Goes with the list, whose selection it works on."""

    doomed_ids: list[str] = []
    doomed_count: str = ""
    doomed_names: str = ""
    doomed_leaves: str = ""

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def activate_selected(self) -> None:
        await self._switch_selected(active=True)

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def deactivate_selected(self) -> None:
        await self._switch_selected(active=False)

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def ask_delete_selected(self) -> None:
        """Open the question, with the number of keys and what would be left."""
        chosen = list(self.selected)
        asked = await self._call(
            bulk.ask_deletion, current_portal(), self._principal(), self.ownership, chosen
        )
        self.doomed_ids, self.doomed_count = chosen, _keys(asked.count)
        self.doomed_names, self.doomed_leaves = asked.names, asked.consequence

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def keep_selected(self, _open: bool) -> None:
        self.doomed_ids = []

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def confirm_delete_selected(self) -> None:
        doomed, self.doomed_ids = list(self.doomed_ids), []
        count = await self._call(bulk.delete, current_portal(), self._principal(), self.ownership, doomed)
        self.selected = []
        self._tell(f"{_are(count)} deleted and their values wiped." if count != 1 else "1 key is deleted.")
        await self._refresh()

    async def _switch_selected(self, *, active: bool) -> None:
        chosen = list(self.selected)
        portal, principal = current_portal(), self._principal()
        changed = await self._call(bulk.set_active, portal, principal, self.ownership, chosen, active=active)
        words = "active" if active else "inactive"
        self._tell(f"{_are(changed)} {words} now." if changed else f"All of them were {words} already.")
        self.selected = []
        await self._refresh()


def _keys(count: int) -> str:
    return "1 key" if count == 1 else f"{count} keys"


def _are(count: int) -> str:
    return f"{_keys(count)} {'is' if count == 1 else 'are'}"
