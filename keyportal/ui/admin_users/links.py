"""Inviting people and making links for them. A link goes to its input, once, and never into a var."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import reflex as rx

from keyportal.domain.errors import InvalidInput, KeyPortalError
from keyportal.domain.principals import Permission
from keyportal.services import one_time_links
from keyportal.services.one_time_links import Invitation, IssuedLink
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import SessionState, current_portal, require_text, text_of

LINK_VALUE_ID = "one-time-link"


class PeopleLinks(SessionState, mixin=True):
    """For the state of the page that lists people."""

    invite_is_open: bool = False
    # The person a new link is made for; empty while somebody new is invited.
    linked_id: str = ""
    linked_name: str = ""
    link_act: str = ""
    link_is_ready: bool = False
    link_kind: str = ""
    link_expires_at: str = ""
    link_problem: str = ""
    link_problem_field: str = ""
    link_problem_number: int = 0

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def open_invite(self) -> None:
        self._forget_links()
        self.invite_is_open = True

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def ask_link(self, user_id: str, name: str, act: str) -> None:
        """Ask how long the new link is to hold."""
        self._forget_links()
        self.linked_id, self.linked_name = require_text(user_id), require_text(name)
        self.link_act, self.invite_is_open = require_text(act), True

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def set_invite_open(self, is_open: bool) -> None:
        """Follow the dialog; while it shows a link that is shown once, only Done closes it."""
        self.invite_is_open = is_open is True or self.link_is_ready

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def close_invite(self) -> None:
        """Close the dialog; its input, the only place that held the link, goes with it."""
        self.invite_is_open = self.link_is_ready = False

    @rx.event
    @guarded(Permission.USERS_WRITE)
    async def submit_invite(self, form: dict[str, Any]) -> AsyncIterator[Any]:
        """Invite a person, or make a link for the one who was chosen, and show it this one time."""
        try:
            issued = await self._issue(form)
        except KeyPortalError as refusal:
            self.link_problem, self.link_problem_field = refusal.message, refusal.field or "form"
            self.link_problem_number += 1
            return
        self.link_problem = self.link_problem_field = ""
        self.linked_name, self.link_kind = issued.user.name, issued.kind
        self.link_expires_at, self.link_is_ready = issued.expires_at.isoformat(), True
        await self._show_again()
        yield rx.set_value(LINK_VALUE_ID, issued.url.reveal())

    async def _issue(self, form: dict[str, Any]) -> IssuedLink:
        asked, lifetime = (current_portal(), self._principal()), _lifetime_of(form)
        if self.linked_id:
            return await self._call(one_time_links.new_link, *asked, self.linked_id, lifetime)
        invitation = Invitation(
            text_of(form, "email"), text_of(form, "role"), text_of(form, "name").strip(), lifetime
        )
        return await self._call(one_time_links.invite, *asked, invitation)

    def _forget_links(self) -> None:
        self.invite_is_open = self.link_is_ready = False
        self.linked_id = self.linked_name = self.link_act = ""
        self.link_problem = self.link_problem_field = ""

    async def _show_again(self) -> None:
        """Fetch what the page shows anew. Given by the page's state."""
        raise NotImplementedError


def _lifetime_of(form: dict[str, Any]) -> timedelta:
    days = text_of(form, "days")
    if not (days.isascii() and days.isdigit() and len(days) <= 3):
        raise InvalidInput("Give a number of days.", field="days")
    return timedelta(days=int(days))
