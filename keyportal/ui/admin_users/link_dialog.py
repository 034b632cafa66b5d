"""The dialog that invites a person or makes a link for one, and shows the link this one time."""

import reflex as rx

from keyportal.ui.admin_users.links import LINK_VALUE_ID
from keyportal.ui.admin_users.state import UsersState
from keyportal.ui.shared.widgets.badge import moment
from keyportal.ui.shared.widgets.fields import described, field, text_field
from keyportal.ui.shared.widgets.forms import (
    GUARDED,
    STAYS_OPEN,
    discard_bar,
    form_buttons,
    form_problem,
)


def invite_dialog() -> rx.Component:
    state = UsersState
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(
                rx.cond(
                    state.link_is_ready,
                    "Copy the link for " + state.linked_name,
                    rx.cond(state.linked_id, state.link_act + " for " + state.linked_name, "Invite a person"),
                ),
                class_name="kp-dialog-title",
            ),
            rx.dialog.description(_explained(), size="2", class_name="kp-dialog-description"),
            # Mounted before there is a link, so that it can be put straight into the field.
            rx.box(_shown_once(), display=rx.cond(state.link_is_ready, "block", "none")),
            rx.cond(state.link_is_ready, rx.fragment(), _invite_form()),
            max_width="520px",
            data_testid="invite-form",
            **STAYS_OPEN,
        ),
        open=state.invite_is_open,
        on_open_change=state.set_invite_open,
    )


def _explained() -> rx.Component:
    state = UsersState
    return rx.cond(
        state.link_is_ready,
        "This is the only time it is shown. Send it to nobody else: whoever opens it first is this person.",
        rx.cond(
            state.linked_id,
            "The link works once. One made before stops working.",
            "They follow a link that works once, and choose their own password.",
        ),
    )


def _invite_form() -> rx.Component:
    state = UsersState
    return rx.form(
        rx.vstack(
            rx.cond(state.linked_id == "", _who()),
            text_field(
                "Days until the link ends",
                input_id="link-days",
                name="days",
                value="3",
                error=_problem("days"),
                help_text="1 to 14.",
                type="number",
                min=1,
                max=14,
            ),
            form_problem(_problem("form")),
            discard_bar(),
            form_buttons(
                rx.cond(state.linked_id, "Make link", "Invite"), state.close_invite, test_id="make-link"
            ),
            spacing="4",
            width="100%",
        ),
        id="invite",
        on_submit=state.submit_invite,
        reset_on_submit=False,
        custom_attrs={"data-problem": state.link_problem_number, **GUARDED},
    )


def _who() -> rx.Component:
    return rx.vstack(
        text_field(
            "Email",
            input_id="invite-email",
            name="email",
            error=_problem("email"),
            type="email",
            auto_focus=True,
            placeholder="name@example.com",
        ),
        text_field(
            "Name",
            input_id="invite-name",
            name="name",
            optional=True,
            error=_problem("name"),
            help_text="They can change it.",
        ),
        role_field("invite-role", "member", _problem("role")),
        spacing="4",
        width="100%",
    )


def _shown_once() -> rx.Component:
    state = UsersState
    return rx.vstack(
        rx.box(
            rx.el.textarea(
                id=LINK_VALUE_ID,
                read_only=True,
                rows="3",
                aria_label="The one-time link",
                auto_complete="off",
                spell_check=False,
                class_name="kp-input kp-mono kp-whole-value",
                data_testid="link-value",
            ),
            # Mounted with the link, so that it takes the focus just then.
            rx.cond(state.link_is_ready, _copy_button()),
            class_name="kp-shown-once",
        ),
        rx.text("It ends ", moment(state.link_expires_at), ".", class_name="kp-help"),
        rx.hstack(
            rx.button("Done", type="button", on_click=state.close_invite, data_testid="done",),
            justify="end",
            width="100%",
        ),
        spacing="4",
        width="100%",
    )  # fmt: skip


def _copy_button() -> rx.Component:
    return rx.button(
        rx.icon("copy", size=14, aria_hidden="true"),
        rx.el.span("Copy", aria_live="polite"),
        type="button",
        auto_focus=True,
        custom_attrs={"data-copy-from": LINK_VALUE_ID},
        data_testid="copy-link",
    )


def role_field(input_id: str, value: rx.Var[str] | str, error: rx.Var[str]) -> rx.Component:
    """The choice of a role, the same in every form of people."""
    return field(
        "Role",
        rx.el.select(
            rx.el.option("Member: their own keys", value="member"),
            rx.el.option("Admin: system keys, people, providers, policies, audit", value="admin"),
            id=input_id,
            name="role",
            default_value=value,
            class_name="kp-select",
            data_testid=input_id,
            **described(input_id, error),
        ),
        input_id=input_id,
        error=error,
    )


def _problem(name: str) -> rx.Var[str]:
    return rx.cond(UsersState.link_problem_field == name, UsersState.link_problem, "")
