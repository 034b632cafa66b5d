"""The dialog "Order": arrows for the keyboard, a grip for the pointer."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.credentials.order_state import OrderRow
from keyportal.ui.shared.credentials.reported import in_use_now
from keyportal.ui.shared.widgets.badge import look_badge
from keyportal.ui.theme import STATUS

_DROP_FORM = "order-drop"


def order_dialog(state: Any) -> rx.Component:
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Order of ", state.order_provider_name, " keys"),
            rx.dialog.description(
                "They are tried from the top. The first one that is active is primary.",
                size="2",
                class_name="kp-dialog-description",
            ),
            rx.el.ol(
                rx.foreach(state.order_rows, lambda row: _row(state, row)),
                class_name="kp-order",
                custom_attrs={"data-drag-order": _DROP_FORM},
                data_testid="order-list",
            ),
            rx.cond(state.order_rest != "", rx.text(state.order_rest, class_name="kp-help")),
            rx.el.p(
                state.order_said, role="status", class_name="kp-visually-hidden", data_testid="order-said"
            ),
            # /drag-order.js fills it in and submits it when a key is dropped.
            rx.el.form(
                rx.el.input(type="hidden", name="key"),
                rx.el.input(type="hidden", name="place"),
                id=_DROP_FORM,
                on_submit=state.place_in_order,
                reset_on_submit=False,
            ),
            rx.hstack(
                rx.dialog.close(rx.button("Done", data_testid="close-order")),
                justify="end",
                width="100%",
                padding_top="16px",
            ),
            max_width="520px",
            data_testid="order-dialog",
        ),
        open=state.order_provider != "",
        on_open_change=state.close_order,
    )


def _row(state: Any, row: rx.Var[OrderRow]) -> rx.Component:
    return rx.el.li(
        rx.icon("grip-vertical", size=14, aria_hidden="true", class_name="kp-grip"),
        rx.el.span(row.number, class_name="kp-order-number"),
        rx.box(
            rx.hstack(
                rx.text(row.name, weight="medium", size="2", class_name="kp-truncate", title=row.name),
                rx.cond(
                    row.is_primary,
                    rx.badge("Primary", color_scheme="iris", high_contrast=True, size="1", flex="none"),
                ),
                rx.cond(row.stands_in != "", in_use_now(row.stands_in)),
                spacing="2",
                align="center",
            ),
            rx.text(row.mask, class_name="kp-sub kp-mono"),
            class_name="kp-order-name",
        ),
        rx.cond(row.status == "active", rx.fragment(), look_badge(row.status, STATUS)),
        _step("arrow-up", "Move up ", row, state.move_up(row.id), row.is_first, "move-up"),
        _step("arrow-down", "Move down ", row, state.move_down(row.id), row.is_last, "move-down"),
        key=row.id,
        draggable=True,
        custom_attrs={"data-key": row.id},
        data_testid="order-row",
    )


def _step(
    icon: str, word: str, row: rx.Var[OrderRow], on_click: Any, is_end: Any, test_id: str
) -> rx.Component:
    return rx.icon_button(
        rx.icon(icon, size=14),
        type="button",
        variant="ghost",
        color_scheme="gray",
        size="1",
        # Not `disabled`: focus would fall off it when the key reaches the end.
        aria_disabled=is_end,
        class_name=rx.cond(is_end, "kp-idle", ""),
        on_click=on_click,
        aria_label=word + row.name,
        data_testid=test_id,
    )
