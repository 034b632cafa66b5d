"""The dialog "Order": the keys for one provider in the order they are tried."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from keyportal.domain.errors import InvalidInput
from keyportal.domain.principals import Permission
from keyportal.services import credential_order
from keyportal.services.credential_views import CredentialView
from keyportal.ui.shared.credentials.page_state import CredentialPageState
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import current_portal, require_text, text_of


@dataclass(frozen=True)
class OrderRow:
    id: str
    number: str
    name: str
    mask: str
    status: str
    is_primary: bool
    is_first: bool
    is_last: bool
    stands_in: str = ""


class OrderState(CredentialPageState, mixin=True):
    """Goes with the list, which it refreshes when it is closed."""

    order_provider: str = ""
    order_provider_name: str = ""
    order_rows: list[OrderRow] = []
    order_rest: str = ""
    # Read out after each move: what stands where is seen, and has to be heard.
    order_said: str = ""

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def open_order(self, provider_id: str) -> None:
        self.order_said = ""
        await self._show_order(require_text(provider_id))

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def close_order(self, _open: bool = False) -> None:
        self.order_provider, self.order_rows = "", []
        await self._refresh()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def move_up(self, credential_id: str) -> None:
        await self._move(credential_order.move_up, credential_id)

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def move_down(self, credential_id: str) -> None:
        await self._move(credential_order.move_down, credential_id)

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def place_in_order(self, form: dict[str, Any]) -> None:
        """Put a key where it was dropped; sent by the form that /drag-order.js fills in."""
        place = text_of(form, "place")
        if not (place.isascii() and place.isdigit() and len(place) < 6):
            raise InvalidInput
        await self._move(credential_order.move, text_of(form, "key"), int(place))

    async def _move(self, service: Any, credential_id: str, *more: int) -> None:
        wanted = require_text(credential_id)
        view = await self._call(service, current_portal(), self._principal(), self.ownership, wanted, *more)
        self.order_said = f"{view.name} is number {view.position + 1} now."
        await self._show_order(view.provider)

    async def _show_order(self, provider_id: str) -> None:
        found = await self._call(
            credential_order.order_of, current_portal(), self._principal(), self.ownership, provider_id
        )
        last = len(found.items) - 1
        self.order_provider, self.order_provider_name = found.provider, found.provider_name
        self.order_rows = [_row(view, n, is_last=n == last) for n, view in enumerate(found.items)]
        rest = found.total - len(found.items)
        self.order_rest = f"{rest:,} more come after these." if rest else ""


def _row(view: CredentialView, number: int, *, is_last: bool) -> OrderRow:
    return OrderRow(
        id=view.id,
        number=str(number + 1),
        name=view.name,
        mask=view.mask,
        status=view.status,
        is_primary=view.is_primary,
        is_first=number == 0,
        is_last=is_last,
        stands_in=view.stands_in,
    )
