"""The policies page: one form for each section, saved by itself and in force at once."""

from typing import Any, ClassVar

import reflex as rx

from keyportal.domain.errors import KeyPortalError, VersionConflict
from keyportal.domain.policies import Policies, policies_from
from keyportal.domain.principals import Permission
from keyportal.services import policies, providers
from keyportal.services.policies import PoliciesView
from keyportal.ui.admin_policies.values import (
    Difference,
    EnvironmentRow,
    PoliciesForm,
    changes_in,
    differences,
    environment_rows,
    form_of,
)
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import SessionState, current_portal

_SAID = {
    "keys": "The policies for keys are saved and count from now on.",
    "environment": "The policies for the server's variables are saved and count from now on.",
    "agent_keys": "The lifetimes are saved. They hold for the next agent keys.",
    "retention": "What is kept is saved. What is too old goes within the hour.",
    "debugging": "This is saved and holds for every process at once.",
}


class PoliciesState(SessionState):
    required_permission: ClassVar[Permission | None] = Permission.POLICIES_READ

    form: PoliciesForm = PoliciesForm()
    rows: list[EnvironmentRow] = []
    # A form is drawn anew with each of these, from what is saved.
    form_number: int = 0
    is_loaded: bool = False
    changed_at: str = ""
    changed_by: str = ""
    problem_section: str = ""
    problem_field: str = ""
    form_problem: str = ""
    problem_number: int = 0
    conflict_section: str = ""
    conflicts: list[Difference] = []
    _seen: dict[str, Any] = {}
    _mine: dict[str, Any] = {}

    @rx.event
    @guarded(Permission.POLICIES_READ)
    async def load(self) -> None:
        self._forget_problem()
        await self._show(await self._current())

    @rx.event
    @guarded(Permission.POLICIES_WRITE)
    async def save_keys(self, form: dict[str, Any]) -> None:
        await self._read_and_save("keys", form)

    @rx.event
    @guarded(Permission.POLICIES_WRITE)
    async def save_environment(self, form: dict[str, Any]) -> None:
        await self._read_and_save("environment", form)

    @rx.event
    @guarded(Permission.POLICIES_WRITE)
    async def save_agent_keys(self, form: dict[str, Any]) -> None:
        await self._read_and_save("agent_keys", form)

    @rx.event
    @guarded(Permission.POLICIES_WRITE)
    async def save_retention(self, form: dict[str, Any]) -> None:
        await self._read_and_save("retention", form)

    @rx.event
    @guarded(Permission.POLICIES_WRITE)
    async def save_debugging(self, form: dict[str, Any]) -> None:
        await self._read_and_save("debugging", form)

    @rx.event
    @guarded(Permission.POLICIES_WRITE)
    async def take_theirs(self) -> None:
        """Show what somebody else saved in the meantime."""
        self._forget_problem()
        await self._show(await self._current())

    @rx.event
    @guarded(Permission.POLICIES_WRITE)
    async def save_mine(self) -> None:
        """Save over what somebody else did, now that it was seen."""
        section, self._seen = self.conflict_section, (await self._current()).policies.as_json()
        if section:
            await self._save(section, self._mine)

    async def _read_and_save(self, section: str, form: dict[str, Any]) -> None:
        try:
            changes = changes_in(section, form if isinstance(form, dict) else {}, self.rows)
        except KeyPortalError as refusal:
            self._show_problem(section, refusal)
            return
        await self._save(section, changes)

    async def _save(self, section: str, changes: dict[str, Any]) -> None:
        seen = policies_from(self._seen)
        try:
            saved = await self._call(
                policies.change_policies, current_portal(), self._principal(), changes, seen=seen
            )
        except VersionConflict:
            await self._show_conflict(section, changes, seen)
            return
        except KeyPortalError as refusal:
            self._show_problem(section, refusal)
            return
        self._forget_problem()
        await self._show(saved)
        self._tell(_SAID[section])

    async def _show_conflict(self, section: str, changes: dict[str, Any], seen: Policies) -> None:
        """Keep what was typed, and say what somebody else made of it."""
        current = await self._current()
        self._forget_problem()
        self._mine, self.conflict_section, self.notice = changes, section, ""
        names = {row.id: row.name for row in self.rows}
        self.conflicts = differences(changes, seen, current.policies, names)
        self._show_change(current)

    async def _show(self, view: PoliciesView) -> None:
        listed = await self._call(
            providers.list_providers, current_portal(), self._principal(), include_disabled=True
        )
        self.form, self.rows = form_of(view.policies), environment_rows(listed, view.policies)
        self._seen = view.policies.as_json()
        self.form_number, self.is_loaded = self.form_number + 1, True
        self._show_change(view)

    def _show_change(self, view: PoliciesView) -> None:
        self.changed_at = view.changed_at.isoformat() if view.changed_at else ""
        self.changed_by = view.changed_by

    async def _current(self) -> PoliciesView:
        return await self._call(policies.get_policies, current_portal(), self._principal())

    def _show_problem(self, section: str, refusal: KeyPortalError) -> None:
        self.conflict_section, self.conflicts = "", []
        self.notice = ""
        self.problem_section, self.problem_field = section, refusal.field or "form"
        self.form_problem = refusal.message
        self.problem_number += 1

    def _forget_problem(self) -> None:
        self.problem_section = self.problem_field = self.form_problem = ""
        self.conflict_section, self.conflicts = "", []
