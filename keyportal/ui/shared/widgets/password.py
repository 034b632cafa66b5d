"""A password field with a button that shows what is typed. The server has no part in it."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.widgets.fields import described, field


def password_field(
    label: str,
    *,
    name: str,
    autofill: str,
    error: rx.Var[str] | str = "",
    help_text: str = "",
    input_id: str = "",
    **props: Any,
) -> rx.Component:
    """For native forms alone: a handler would carry the password over the websocket."""
    input_id = input_id or name
    return field(
        label,
        rx.hstack(
            rx.el.input(
                id=input_id,
                name=name,
                type="password",
                required=True,
                auto_complete=autofill,
                class_name="kp-input",
                data_testid=input_id,
                **described(input_id, error),
                **props,
            ),
            # What it does stands in assets/one-time-link.js.
            rx.icon_button(
                rx.icon("eye", size=16),
                type="button",
                variant="soft",
                color_scheme="gray",
                aria_label=f"Show {label.lower()}",
                aria_pressed="false",
                custom_attrs={"data-shows": input_id},
            ),
            width="100%",
            align="center",
            spacing="2",
        ),
        input_id=input_id,
        help_text=help_text,
        error=error,
    )
