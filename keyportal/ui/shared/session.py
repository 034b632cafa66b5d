"""The state behind every page: who is signed in, and the one line that tells how the last act went."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, ClassVar, ParamSpec, TypeVar

import reflex as rx

from keyportal.domain.errors import (
    STORAGE_FAULTS,
    Forbidden,
    InvalidInput,
    KeyPortalError,
    NotSignedIn,
)
from keyportal.domain.principals import Permission, Principal, Role
from keyportal.services import attention, audit
from keyportal.ui import routes
from keyportal.ui.shared.guards import guarded, principal_bound_to, public
from keyportal.ui.shared.portal import current_portal

P = ParamSpec("P")
T = TypeVar("T")


# A list writes its own address right after an act; what was told about the act stays over that.
_STAYS_S = 3.0


class SessionState(rx.State):
    """Parent of every screen's state."""

    required_permission: ClassVar[Permission | None] = None

    person_name: str = ""
    person_email: str = ""
    is_signed_in: bool = False
    is_admin: bool = False
    attention_count: int = 0
    notice: str = ""
    notice_is_problem: bool = False
    # The same words may be told twice; this tells the page that they are new.
    notice_number: int = 0
    _told_at: float = 0.0
    _page_told_on: str = ""

    @rx.event
    @guarded(Permission.PROFILE_READ)
    async def show_person(self) -> rx.event.EventSpec | None:
        """Tell the page who is signed in; every page loads this first."""
        principal = self._principal()
        self.person_name, self.person_email = principal.name, principal.email
        self.is_admin = principal.role is Role.ADMIN
        self.is_signed_in = True
        path, is_old = self.router.url.path, time.monotonic() - self._told_at > _STAYS_S
        if path != self._page_told_on or is_old:
            self._page_told_on, self.notice = path, ""
            urgent = await self._call(attention.attention_for, current_portal(), principal)
            self.attention_count = len(urgent.items)
        return self._tell_why_here(self.router.url.query_parameters.get("refused", ""))

    @rx.event
    @public
    async def dismiss_notice(self) -> None:
        self.notice = ""

    @rx.event
    @public
    async def show_unexpected(self) -> None:
        """Shown after an error of ours; what happened stands in the log."""
        self._tell(KeyPortalError.message, problem=True)

    @rx.event
    @public
    async def show_outage(self, code: str) -> None:
        """Shown while the guard cannot look up who is here. Once: it is sent again and again."""
        words = next((fault.message for fault in STORAGE_FAULTS if fault.code == code), None)
        if words is not None and words != self.notice:
            self._tell(words, problem=True)

    def _tell_why_here(self, refused: str) -> rx.event.EventSpec | None:
        """Tell a member why they were sent here from a page of admins, once: a reload says nothing."""
        if refused not in routes.ADMIN_PAGES or self.is_admin:
            return None
        self._tell(f"Only admins can open {routes.ADMIN_PAGES[refused]}.", problem=True)
        return rx.redirect(routes.OVERVIEW, replace=True)

    def _principal(self) -> Principal:
        principal = principal_bound_to(self)
        if principal is None:
            raise NotSignedIn
        return principal

    async def _call(self, service: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a service in a thread: the database and argon2 never hold up the event loop."""
        try:
            return await asyncio.to_thread(service, *args, **kwargs)
        except Forbidden as refusal:
            await asyncio.to_thread(
                audit.record_refusal, current_portal(), self._principal(), service.__qualname__, refusal.code
            )
            raise

    def _tell(self, text: str, *, problem: bool = False) -> None:
        self.notice, self.notice_is_problem = text, problem
        self.notice_number += 1
        self._told_at = time.monotonic()

    def _show_refusal(self, refusal: KeyPortalError) -> None:
        """Show a refusal in the notice line. An open form catches its own and puts it beside the field."""
        self._tell(refusal.message, problem=True)


def text_of(form: dict[str, Any], name: str) -> str:
    """Return a form field as text; a client may send anything."""
    value = form.get(name, "") if isinstance(form, dict) else ""
    return value if isinstance(value, str) else ""


def require_text(value: Any, field: str = "") -> str:
    """Refuse what only a hand-made event can hold: the framework does not enforce types."""
    if not isinstance(value, str):
        raise InvalidInput(field=field or None)
    return value


__all__ = ["SessionState", "current_portal", "require_text", "text_of"]
