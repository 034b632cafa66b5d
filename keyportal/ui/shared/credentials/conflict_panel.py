"""How two versions of one key look side by side, and the two ways out."""

from typing import Any

import reflex as rx

OVERWRITE_FORM = "key-overwrite"


def conflict_panel(state: Any) -> rx.Component:
    return rx.cond(
        state.conflict.length() > 0,
        rx.el.div(
            rx.el.p(
                "Somebody saved this key while you were editing it. What you typed is still here; nothing"
                " is saved yet."
            ),
            rx.el.table(
                rx.el.thead(
                    rx.el.tr(
                        rx.el.th(rx.el.span("Part", class_name="kp-visually-hidden"), scope="col"),
                        rx.el.th("Yours", scope="col"),
                        rx.el.th("Saved by now", scope="col"),
                    )
                ),
                rx.el.tbody(rx.foreach(state.conflict, _row)),
            ),
            rx.el.div(
                rx.button(
                    "Take theirs",
                    type="button",
                    variant="soft",
                    color_scheme="gray",
                    high_contrast=True,
                    size="1",
                    on_click=state.take_theirs,
                    data_testid="take-theirs",
                ),
                rx.button(
                    "Overwrite with mine",
                    type="submit",
                    size="1",
                    custom_attrs={"form": OVERWRITE_FORM},
                    data_testid="overwrite",
                ),
                class_name="kp-conflict-acts",
            ),
            role="alert",
            tab_index=-1,
            class_name="kp-conflict",
            custom_attrs={"data-takes-focus": ""},
            data_testid="conflict",
        ),
    )


def _row(part: Any) -> rx.Component:
    return rx.el.tr(
        rx.el.th(
            part.label,
            rx.cond(part.differs, rx.el.span(" differs", class_name="kp-visually-hidden")),
            scope="row",
        ),
        rx.el.td(part.mine),
        rx.el.td(part.theirs),
        custom_attrs={"data-differs": rx.cond(part.differs, "true", "false")},
        key=part.label,
        data_testid="conflict-row",
    )
