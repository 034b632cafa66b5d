"""The policies page: one form for each section, saved by itself and in force at once, and a switch.

What is typed in one section stays while another is saved.
"""

from dataclasses import replace
from typing import Any, ClassVar

import reflex as rx

from keyportal.domain.errors import InvalidInput, KeyPortalError, VersionConflict
from keyportal.domain.policies import Policies, policies_from
from keyportal.domain.principals import Permission
from keyportal.services import policies, providers
from keyportal.services.policies import PoliciesView
from keyportal.ui.admin_policies.values import (
    SECTIONS,
    Difference,
    EnvironmentRow,
    PoliciesForm,
    changed_between,
    changes_in,
    differences,
    environment_rows,
)
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.policies import MEMORY
from keyportal.ui.shared.session import SessionState, current_portal, require_text

_SAID = {
    "keys": "Saved. This holds from the next request on.",
    "environment": "Saved. This holds from the next request on.",
    "agent_keys": "Saved. This holds for agent keys made from now on.",
    "retention": "Saved. What is older is deleted within an hour.",
}
_MEMORY_SAID = {
    True: "Programs are answered from memory again.",
    False: "Every answer is now read from the database. Switch this on again when you are done.",
}


class PoliciesState(SessionState):
    required_permission: ClassVar[Permission | None] = Permission.POLICIES_READ

    form: PoliciesForm = PoliciesForm()
    rows: list[EnvironmentRow] = []
    # The form of a section is drawn anew with each of its numbers, from what is saved.
    form_numbers: dict[str, int] = dict.fromkeys(SECTIONS, 0)
    is_loaded: bool = False
    changed_at: str = ""
    changed_by: str = ""
    problem_section: str = ""
    problem_field: str = ""
    form_problem: str = ""
    problem_number: int = 0
    conflict_section: str = ""
    conflict_by: str = ""
    conflicts: list[Difference] = []
    _seen: dict[str, Any] = {}
    _mine: dict[str, Any] = {}

    @rx.event
    @guarded(Permission.POLICIES_READ)
    async def load(self) -> None:
        self._forget_problem()
        await self._show(await self._current(), *SECTIONS)

    @rx.event
    @guarded(Permission.POLICIES_WRITE)
    async def save_section(self, section: str, form: dict[str, Any]) -> None:
        if require_text(section) not in SECTIONS:
            raise InvalidInput("This page has no such section. Reload it.")
        try:
            changes = changes_in(section, form if isinstance(form, dict) else {}, self.rows)
        except KeyPortalError as refusal:
            self._show_problem(section, refusal)
            return
        await self._save(section, changes)

    @rx.event
    @guarded(Permission.POLICIES_WRITE)
    async def switch_memory(self, is_on: bool) -> None:
        """Switch at once. Pressing it again is the way back, so nobody is asked first."""
        changes = {MEMORY: is_on is True}
        saved = await self._call(policies.change_policies, current_portal(), self._principal(), changes)
        await self._show(saved)
        self._tell(_MEMORY_SAID[saved.policies.resolve_cache])

    @rx.event
    @guarded(Permission.POLICIES_WRITE)
    async def take_theirs(self) -> None:
        """Show what somebody else saved in the meantime."""
        section = self.conflict_section
        self._forget_problem()
        if section:
            await self._show(await self._current(), section)

    @rx.event
    @guarded(Permission.POLICIES_WRITE)
    async def save_mine(self) -> None:
        """Save over what somebody else did, now that it was seen."""
        section = self.conflict_section
        if section:
            self._see(await self._current(), section)
            await self._save(section, self._mine)

    async def _save(self, section: str, typed: dict[str, Any]) -> None:
        """Save what differs from what was on the screen: what nobody touched here is not decided here."""
        seen = policies_from(self._seen)
        changes = {name: value for name, value in typed.items() if value != getattr(seen, name)}
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
        await self._show(saved, section)
        self._tell(_SAID[section])

    async def _show_conflict(self, section: str, changes: dict[str, Any], seen: Policies) -> None:
        """Keep what was typed, and say what somebody else made of it."""
        current = await self._current()
        self._forget_problem()
        self._mine, self.conflict_section, self.notice = changes, section, ""
        names = {row.id: row.name for row in self.rows}
        self.conflicts = differences(changes, seen, current.policies, names)
        theirs = changed_between(changes, seen, current.policies)
        asked = (current_portal(), self._principal(), theirs)
        self.conflict_by = await self._call(policies.who_changed, *asked) or "Somebody else"
        # The question takes the focus, as a field that is wrong does.
        self.problem_number += 1

    async def _show(self, view: PoliciesView, *sections: str) -> None:
        """Draw these sections anew, and the switch. The others stay, with what is being typed in them."""
        if "environment" in sections:
            listed = await self._call(
                providers.list_providers, current_portal(), self._principal(), include_disabled=True
            )
            self.rows = environment_rows(listed, view.policies)
        self.form = replace(
            self.form, **self._see(view, *sections), resolve_cache=view.policies.resolve_cache
        )
        drawn = {section: self.form_numbers[section] + 1 for section in sections}
        self.form_numbers, self.is_loaded = {**self.form_numbers, **drawn}, True
        self._show_change(view)

    def _see(self, view: PoliciesView, *sections: str) -> dict[str, Any]:
        """Remember what is on the screen of these sections, and return what their forms begin with."""
        stored = view.policies.as_json()
        seen = {name: stored[name] for section in sections for name in SECTIONS[section]}
        self._seen = {**self._seen, **seen}
        return {name: value for name, value in seen.items() if name in PoliciesForm.__dataclass_fields__}

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
