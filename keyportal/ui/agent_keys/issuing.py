"""Creating and rotating an agent key. A value goes to the waiting inputs once, and never into a var."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import reflex as rx

from keyportal.domain.agent_keys import DEFAULT_OVERLAP
from keyportal.domain.errors import InvalidInput, KeyPortalError
from keyportal.domain.principals import Permission
from keyportal.services import agent_key_rotation, agent_keys
from keyportal.services.agent_keys import IssuedAgentKey, NewAgentKey
from keyportal.ui.agent_keys.rows import (
    ENVIRONMENT_ID,
    NEW_VALUE_ID,
    ON_A_DAY,
    SCOPE_FIELDS,
    LifetimeChoice,
    Snippets,
    choices_of,
    environment_for,
    snippets_for,
)
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import SessionState, current_portal, require_text, text_of


class IssuingState(SessionState, mixin=True):
    """One dialog with two forms, and the place where a new value is shown. The list refreshes itself."""

    form_is_open: bool = False
    form_number: int = 0
    value_is_ready: bool = False
    issued_name: str = ""
    snippets: Snippets = Snippets()
    lifetime_choices: list[LifetimeChoice] = []
    lifetime: str = ""
    longest_days: int = 0
    form_problem: str = ""
    problem_field: str = ""
    problem_number: int = 0
    rotated_id: str = ""
    rotated_name: str = ""
    rotated_version: int = 0

    async def _refresh(self) -> None:
        """Given by the list."""

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def open_new(self) -> None:
        found = await self._call(agent_keys.lifetimes, current_portal(), self._principal())
        self.lifetime_choices, self.lifetime = choices_of(found), str(found.usual_days)
        self.longest_days = found.longest_days
        self._open_form()

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def ask_rotate(self, agent_key_id: str, name: str, version: int) -> None:
        self.rotated_id, self.rotated_name = require_text(agent_key_id), require_text(name)
        self.rotated_version = version if isinstance(version, int) else 0
        self._open_form()

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def choose_lifetime(self, value: str) -> None:
        self.lifetime = require_text(value)[:10]

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def close_form(self) -> None:
        """Close the dialog; its inputs, the only places that held the value, go with it."""
        self._close_form()

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def set_form_open(self, is_open: bool) -> None:
        """Follow the dialog; while it shows a value that is shown once, only Done closes it."""
        if is_open is not True and not self.value_is_ready:
            self._close_form()

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def submit_new(self, form: dict[str, Any]) -> AsyncIterator[Any]:
        """Create the key and hand its value to the waiting inputs, once."""
        try:
            new = NewAgentKey(text_of(form, "name"), _scopes_of(form), **_lifetime_of(form))
            issued = await self._call(agent_keys.create, current_portal(), self._principal(), new)
        except KeyPortalError as refusal:
            self._show_problem(refusal, text_of(form, "days"))
            return
        for event in await self._show_once(issued):
            yield event

    @rx.event
    @guarded(Permission.AGENT_KEYS_WRITE)
    async def submit_rotation(self, form: dict[str, Any]) -> AsyncIterator[Any]:
        """Issue the next value under the same name and hand it to the waiting inputs, once."""
        try:
            issued = await self._call(
                agent_key_rotation.rotate,
                current_portal(),
                self._principal(),
                self.rotated_id,
                _overlap_of(form),
                version=self.rotated_version,
            )
        except KeyPortalError as refusal:
            self._show_problem(refusal)
            return
        for event in await self._show_once(issued):
            yield event

    async def _show_once(self, issued: IssuedAgentKey) -> list[rx.event.EventSpec]:
        url, value = current_portal().settings.public_url, issued.token.reveal()
        self._forget_problem()
        self.value_is_ready, self.issued_name = True, issued.view.name
        self.snippets = snippets_for(url, issued.view.scopes)
        await self._refresh()
        return [rx.set_value(NEW_VALUE_ID, value), rx.set_value(ENVIRONMENT_ID, environment_for(url, value))]

    def _show_problem(self, refusal: KeyPortalError, days: str = "") -> None:
        field = refusal.field or "form"
        is_on_a_day = field == "expires_in_days" and days == ON_A_DAY
        self.problem_field = "expires_on" if is_on_a_day else field
        self.form_problem = refusal.message
        self.problem_number += 1

    def _forget_problem(self) -> None:
        self.form_problem = self.problem_field = ""

    def _open_form(self) -> None:
        self._forget_problem()
        self.value_is_ready, self.form_is_open = False, True
        self.form_number += 1

    def _close_form(self) -> None:
        self.form_is_open = self.value_is_ready = False
        self.rotated_id = ""


def _scopes_of(form: dict[str, Any]) -> list[str]:
    return [scope for scope, name in SCOPE_FIELDS.items() if isinstance(form, dict) and form.get(name)]


def _lifetime_of(form: dict[str, Any]) -> dict[str, Any]:
    days = text_of(form, "days")
    if days == ON_A_DAY:
        return {"expires_at": _day_of(text_of(form, "expires_on"))}
    if not (days.isascii() and days.isdigit() and len(days) <= 4):
        raise InvalidInput("Choose how long it lives.", field="expires_in_days")
    return {"lifetime": timedelta(days=int(days))}


def _day_of(typed: str) -> datetime:
    try:
        day = date.fromisoformat(typed)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    except ValueError:
        raise InvalidInput("Choose the day it expires.", field="expires_on") from None


def _overlap_of(form: dict[str, Any]) -> int:
    typed = text_of(form, "overlap_days")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 3 else DEFAULT_OVERLAP
