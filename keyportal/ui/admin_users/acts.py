"""What is done to people: another name or role, shut out, let in, removed; and to the keys they have."""

from typing import Any, ClassVar

import reflex as rx

from keyportal.domain.errors import KeyPortalError
from keyportal.domain.principals import Permission
from keyportal.services import agent_keys, peoples_keys, removal, users
from keyportal.services.removal import Removed
from keyportal.services.users import UserEdit
from keyportal.ui.admin_users.rows import PersonRow, owned_in_words, person_row
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import SessionState, current_portal, require_text, text_of


class PeopleActs(SessionState, mixin=True):
    """For the state of the page that lists people."""

    edited: PersonRow = PersonRow()
    edit_is_open: bool = False
    edit_problem: str = ""
    edit_problem_field: str = ""
    edit_problem_number: int = 0
    # What waits for a yes: `act` on a person, or on a key of theirs with this id.
    act: str = ""
    target: PersonRow = PersonRow()
    target_owns: str = ""
    key_id: str = ""
    key_name: str = ""
    removal_is_open: bool = False
    removal_problem: str = ""

    _ACTS: ClassVar[tuple[str, ...]] = ("deactivate", "reactivate", "delete_key", "revoke_agent_key")

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def open_edit(self, user_id: str) -> None:
        """Show the person as they are now, and remember which version that is."""
        wanted = require_text(user_id)
        self.edited = person_row(await self._call(users.get, current_portal(), self._principal(), wanted))
        self.edit_problem = self.edit_problem_field = ""
        self.edit_is_open = True

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def set_edit_open(self, is_open: bool) -> None:
        self.edit_is_open = is_open is True

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def submit_edit(self, form: dict[str, Any]) -> None:
        edit = UserEdit(text_of(form, "name"), text_of(form, "role"), version=self.edited.version)
        asked = (current_portal(), self._principal(), self.edited.id)
        try:
            view = await self._call(users.update, *asked, edit)
        except KeyPortalError as refusal:
            self.edit_problem, self.edit_problem_field = refusal.message, refusal.field or "form"
            self.edit_problem_number += 1
            return
        self.edit_is_open = False
        signed_out = " They sign in again with the new role." if view.role != self.edited.role else ""
        self._tell(f"{view.name} is saved.{signed_out}")
        await self._show_again()

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def ask(self, act: str, user_id: str) -> None:
        """Ask before something is done to a person."""
        wanted = require_text(user_id)
        self.target = person_row(await self._call(users.get, current_portal(), self._principal(), wanted))
        self.target_owns, self.removal_problem = owned_in_words(self.target), ""
        if act == "remove":
            self.removal_is_open = True
        elif act in self._ACTS[:2]:
            self.act = act

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def ask_about_key(self, act: str, key_id: str, name: str) -> None:
        """Ask before a key of the person who is shown is ended."""
        self.target = self.detail.person
        self.key_id, self.key_name = require_text(key_id), require_text(name)
        self.act = act if act in self._ACTS[2:] else ""

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def keep(self, _open: bool) -> None:
        self.act = ""

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def confirm(self) -> None:
        """Do what was asked about, say so, and show how things are now."""
        act, self.act = self.act, ""
        asked = (current_portal(), self._principal(), self.target.id)
        match act:
            case "deactivate":
                await self._call(users.deactivate, *asked, self.target.version)
                self._tell(f"{self.target.name} is deactivated and signed out everywhere.")
            case "reactivate":
                await self._call(users.reactivate, *asked, self.target.version)
                self._tell(f"{self.target.name} can sign in again.")
            case "delete_key":
                await self._call(peoples_keys.delete_credential_of, *asked, self.key_id)
                self._tell(f"{self.key_name} of {self.target.name} is deleted.")
            case "revoke_agent_key":
                await self._call(agent_keys.revoke_for, *asked, self.key_id)
                self._tell(f"{self.key_name} of {self.target.name} is revoked.")
        await self._show_again()

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def set_removal_open(self, is_open: bool) -> None:
        self.removal_is_open = is_open is True

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def submit_removal(self, form: dict[str, Any]) -> None:
        """Remove the person, with their keys as was chosen; a refusal stays in the dialog."""
        asked = (current_portal(), self._principal(), self.target.id)
        try:
            removed = await self._call(
                removal.remove, *asked, text_of(form, "keys"), version=self.target.version
            )
        except KeyPortalError as refusal:
            self.removal_problem = refusal.message
            return
        self.removal_is_open = False
        self._tell(_said_of_removal(self.target.name, removed))
        await self._show_again()

    def _forget_acts(self) -> None:
        self.edit_is_open = self.removal_is_open = False
        self.act = ""

    async def _show_again(self) -> None:
        """Fetch what the page shows anew. Given by the page's state."""
        raise NotImplementedError


def _said_of_removal(name: str, removed: Removed) -> str:
    if removed.handed_over:
        return (
            f"{name} is removed. {removed.handed_over} of their keys are system keys now:"
            " enter each value again on the System keys page."
        )
    return f"{name} is removed. What they owned is wiped."
