"""Composition of the sign-in page: a native form, so that the answer can set the cookie."""

import reflex as rx

from keyportal.ui.shared.layout import outside_page
from keyportal.ui.shared.widgets.fields import field
from keyportal.ui.shared.widgets.password import password_field
from keyportal.ui.sign_in.state import SignInState


def sign_in_page() -> rx.Component:
    return outside_page(
        "Sign in",
        rx.el.form(
            rx.vstack(
                rx.cond(
                    SignInState.problem,
                    rx.callout(
                        SignInState.problem,
                        icon="circle-alert",
                        color_scheme="red",
                        role="alert",
                        width="100%",
                        data_testid="problem",
                    ),
                ),
                field(
                    "Email",
                    rx.el.input(
                        id="email",
                        name="email",
                        type="email",
                        required=True,
                        auto_complete="username",
                        auto_focus=True,
                        class_name="kp-input",
                        data_testid="email",
                    ),
                    input_id="email",
                ),
                password_field("Password", name="password", autofill="current-password"),
                rx.el.input(
                    type="hidden",
                    name="next",
                    value=SignInState.next_page,
                    read_only=True,
                    data_testid="next",
                ),
                rx.button("Sign in", type="submit", width="100%", data_testid="submit"),
                spacing="4",
                width="100%",
            ),
            action="/api/auth/sign-in",
            method="post",
            on_submit=None,
            custom_attrs={"data-keep-typed": "sign-in"},
        ),
    )
