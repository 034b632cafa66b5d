"""Composition of the set-up page."""

import reflex as rx

from keyportal.ui.set_up.state import SetUpState
from keyportal.ui.shared.layout import outside_page
from keyportal.ui.shared.widgets.forms import described, field


def set_up_page() -> rx.Component:
    return outside_page(
        "Set up KeyPortal",
        rx.el.form(
            rx.vstack(
                rx.text("You become the first admin.", size="2", color="var(--gray-11)"),
                rx.cond(
                    SetUpState.problem,
                    rx.callout(
                        SetUpState.problem,
                        icon="circle-alert",
                        color_scheme="red",
                        role="alert",
                        data_testid="problem",
                    ),
                ),
                _input(
                    "Set-up code", "code", "text", "off", "It is printed on the console at start.", mono=True
                ),
                _input("Email", "email", "email", "username", ""),
                _input("Password", "password", "password", "new-password", "At least 8 characters."),
                rx.button("Become admin", type="submit", width="100%", data_testid="submit"),
                spacing="4",
                width="100%",
            ),
            action="/api/auth/set-up",
            method="post",
            on_submit=None,
            custom_attrs={"data-keep-typed": "set-up"},
        ),
    )


def _input(
    label: str, name: str, kind: str, autofill: str, help_text: str, *, mono: bool = False
) -> rx.Component:
    return field(
        label,
        rx.el.input(
            id=name,
            name=name,
            type=kind,
            required=True,
            auto_complete=autofill,
            class_name="kp-input kp-mono" if mono else "kp-input",
            auto_focus=name == "code",
            data_testid=name,
            **described(name, SetUpState.problem_field == name),
        ),
        input_id=name,
        help_text=help_text,
    )
