"""Agent keys: list, create, rename, revoke, delete. A new value goes to its input, never to a var."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import reflex as rx

from keyportal.domain.errors import InvalidInput, KeyPortalError
from keyportal.domain.principals import Permission, Scope
from keyportal.services import agent_keys
from keyportal.services.agent_keys import AgentKeyView, NewAgentKey
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import SessionState, current_portal, require_text, text_of

NEW_VALUE_ID = "new-agent-key-value"
SCOPE_FIELDS = {scope: f"scope-{scope.replace(':', '-')}" for scope in Scope}


@dataclass(frozen=True)
class AgentKeyRow:
    id: str
    name: str
    mask: str
    scopes: str
    status: str
    created_by: str
    created_at: str
    last_used_at: str
    expires_at: str
    can_revoke: bool


class AgentKeysState(SessionState):
    rows: list[AgentKeyRow] = []
    total: int = 0
    page: int = 1
    pages: int = 1
    query: str = ""
    is_loaded: bool = False
    form_is_open: bool = False
    value_is_ready: bool = False
    form_problem: str = ""
    problem_field: str = ""
    renamed_id: str = ""
    renamed_name: str = ""
    doomed_id: str = ""
    doomed_name: str = ""
    doomed_act: str = ""

    @rx.event
    @guarded(Permission.AGENT_KEYS_READ)
    async def load(self) -> list[rx.event.EventSpec]:
        """Open the list from its beginning: the search field is empty then."""
        await self._start_over()
        return [rx.set_value("search", "")]

    @rx.event
    @guarded(Permission.AGENT_KEYS_READ)
    async def forget_dialogs(self) -> None:
        """The page was loaded anew: what its dialogs held in the browser is gone."""
        self.form_is_open = self.value_is_ready = False
        self.renamed_id = self.doomed_id = ""

    @rx.event
    @guarded(Permission.AGENT_KEYS_READ)
    async def search(self, text: str) -> None:
        self.query, self.page = require_text(text)[:200], 1
        await self._refresh()

    @rx.event
    @guarded(Permission.AGENT_KEYS_READ)
    async def clear_filters(self) -> list[rx.event.EventSpec]:
        await self._start_over()
        return [rx.set_value("search", "")]

    @rx.event
    @guarded(Permission.AGENT_KEYS_READ)
    async def show_previous_page(self) -> None:
        self.page = max(1, self.page - 1)
        await self._refresh()

    @rx.event
    @guarded(Permission.AGENT_KEYS_READ)
    async def show_next_page(self) -> None:
        self.page = min(self.pages, self.page + 1)
        await self._refresh()

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def open_new(self) -> None:
        self.form_problem = self.problem_field = ""
        self.value_is_ready, self.form_is_open = False, True

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def close_form(self) -> None:
        """Close the dialog; its input, the only place that held the value, goes with it."""
        self.form_is_open = self.value_is_ready = False

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def set_form_open(self, is_open: bool) -> None:
        """Follow the dialog; while it shows a value that is shown once, only Done closes it."""
        self.form_is_open = is_open is True or self.value_is_ready

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def submit_new(self, form: dict[str, Any]) -> AsyncIterator[Any]:
        """Create the key and hand its value to the waiting input, once."""
        self.form_problem = self.problem_field = ""
        try:
            new = NewAgentKey(text_of(form, "name"), _scopes_of(form), _lifetime_of(form))
            issued = await self._call(agent_keys.create, current_portal(), self._principal(), new)
        except KeyPortalError as refusal:
            self.form_problem, self.problem_field = refusal.message, refusal.field or "form"
            return
        self.value_is_ready = True
        await self._refresh()
        yield rx.set_value(NEW_VALUE_ID, issued.token.reveal())

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def ask_rename(self, agent_key_id: str, name: str) -> None:
        self.form_problem = ""
        self.renamed_id, self.renamed_name = require_text(agent_key_id), require_text(name)

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def set_rename_open(self, _open: bool) -> None:
        self.renamed_id = ""

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
            )
        except KeyPortalError as refusal:
            self.form_problem = refusal.message
            return
        self.renamed_id = ""
        await self._refresh()

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def ask_revoke(self, agent_key_id: str, name: str) -> None:
        self._ask("revoke", agent_key_id, name)

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def ask_delete(self, agent_key_id: str, name: str) -> None:
        self._ask("delete", agent_key_id, name)

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def keep(self, _open: bool) -> None:
        self.doomed_id = ""

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def confirm(self) -> None:
        doomed, self.doomed_id = self.doomed_id, ""
        act = agent_keys.revoke if self.doomed_act == "revoke" else agent_keys.delete
        await self._call(act, current_portal(), self._principal(), doomed)
        done = "revoked" if self.doomed_act == "revoke" else "deleted"
        self._tell(f"{self.doomed_name} is {done}. Programs that use it are refused from now on.")
        await self._refresh()

    async def _start_over(self) -> None:
        self.query, self.page = "", 1
        await self._refresh()

    def _ask(self, act: str, agent_key_id: str, name: str) -> None:
        self.doomed_act, self.doomed_id = act, require_text(agent_key_id)
        self.doomed_name = require_text(name)

    async def _refresh(self) -> None:
        found = await self._call(
            agent_keys.search, current_portal(), self._principal(), self.query, page=self.page
        )
        if found.page > found.pages:
            self.page = found.pages
            await self._refresh()
            return
        self.rows = [_row(item) for item in found.items]
        self.total, self.pages, self.is_loaded = found.total, found.pages, True


def _row(view: AgentKeyView) -> AgentKeyRow:
    return AgentKeyRow(
        id=view.id,
        name=view.name,
        mask=view.mask,
        scopes=", ".join(view.scopes),
        status=view.status,
        created_by=view.created_by,
        created_at=view.created_at.isoformat(),
        last_used_at=view.last_used_at.isoformat() if view.last_used_at else "",
        expires_at=view.expires_at.isoformat(),
        can_revoke=view.can_revoke,
    )


def _scopes_of(form: dict[str, Any]) -> list[str]:
    return [scope for scope, name in SCOPE_FIELDS.items() if isinstance(form, dict) and form.get(name)]


def _lifetime_of(form: dict[str, Any]) -> timedelta:
    days = text_of(form, "days")
    if not (days.isascii() and days.isdigit() and len(days) <= 4):
        raise InvalidInput("Give a number of days.", field="expires_in_days")
    return timedelta(days=int(days))
