"""Composition of the pages behind one-time links: native forms, so that the answer can set the cookie."""

import reflex as rx

from keyportal.domain.errors import LinkEnded
from keyportal.ui import routes
from keyportal.ui.one_time_link.state import OneTimeLinkState
from keyportal.ui.shared.layout import outside_page
from keyportal.ui.shared.widgets.fields import text_field
from keyportal.ui.shared.widgets.password import password_field

_RULES = "At least 8 characters. Long is good; common passwords are refused."


def join_page() -> rx.Component:
    return outside_page(
        "Join KeyPortal",
        _or_ended(
            _form(
                text_field(
                    "Your name",
                    input_id="name",
                    optional=True,
                    error=_problem("name"),
                    help_text="Without one you keep the name you were invited with.",
                    max_length=80,
                ),
                action="/api/auth/join",
                act="Join",
                intro="You were invited. Choose the password you will sign in with.",
                keep="join",
            )
        ),
    )


def reset_page() -> rx.Component:
    return outside_page(
        "Choose a new password",
        _or_ended(
            _form(
                action="/api/auth/reset",
                act="Set password",
                intro="Everybody who is signed in with your account is signed out.",
                keep="reset",
            )
        ),
    )


def _or_ended(form: rx.Component) -> rx.Component:
    return rx.cond(
        OneTimeLinkState.is_ended,
        rx.vstack(
            rx.text(LinkEnded.message, data_testid="link-ended"),
            rx.link("Go to sign-in", href=routes.SIGN_IN, class_name="kp-plain-link"),
            spacing="4",
            align="start",
        ),
        form,
    )


def _form(*fields: rx.Component, action: str, act: str, intro: str, keep: str) -> rx.Component:
    state = OneTimeLinkState
    return rx.el.form(
        rx.vstack(
            rx.text(intro, size="2", color="var(--gray-11)"),
            rx.cond(
                (state.problem != "") & (state.problem_field == ""),
                rx.callout(
                    state.problem,
                    icon="circle-alert",
                    color_scheme="red",
                    role="alert",
                    width="100%",
                    data_testid="problem",
                ),
            ),
            *fields,
            password_field(
                "Password",
                name="password",
                autofill="new-password",
                error=_problem("password"),
                help_text=_RULES,
                min_length=8,
            ),
            rx.button(act, type="submit", width="100%", data_testid="submit"),
            spacing="4",
            width="100%",
        ),
        action=action,
        method="post",
        on_submit=None,
        # The token comes along by assets/one-time-link.js; what was typed is kept, but for the password.
        custom_attrs={"data-keep-typed": keep, "data-link-form": ""},
    )


def _problem(name: str) -> rx.Var[str]:
    return rx.cond(OneTimeLinkState.problem_field == name, OneTimeLinkState.problem, "")
