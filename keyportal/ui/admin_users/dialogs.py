"""The dialogs of people: edit, deactivate, remove. Inviting is in `link_dialog`."""

import reflex as rx

from keyportal.ui.admin_users.link_dialog import invite_dialog, role_field
from keyportal.ui.admin_users.state import UsersState
from keyportal.ui.shared.widgets.fields import text_field
from keyportal.ui.shared.widgets.forms import danger_dialog, dialog_form, form_problem


def people_dialogs() -> rx.Component:
    return rx.fragment(invite_dialog(), _edit_dialog(), _danger(), _removal_dialog())


def _edit_dialog() -> rx.Component:
    state = UsersState
    name_problem = rx.cond(state.edit_problem_field == "name", state.edit_problem, "")
    role_problem = rx.cond(state.edit_problem_field == "role", state.edit_problem, "")
    return dialog_form(
        text_field("Name", input_id="edit-name", name="name", value=state.edited.name, error=name_problem),
        role_field("edit-role", state.edited.role, role_problem),
        is_open=state.edit_is_open,
        on_open_change=state.set_edit_open,
        title="Edit " + state.edited.name,
        description="With another role the person is signed out everywhere, and signs in again.",
        form_id="edit-person",
        form_key=state.edited.id,
        on_submit=state.submit_edit,
        save="Save",
        on_cancel=state.set_edit_open(False),
        problem=rx.cond(state.edit_problem_field == "form", state.edit_problem, ""),
        problem_number=state.edit_problem_number,
        test_id="person-form",
        save_test_id="save-person",
    )


def _danger() -> rx.Component:
    state = UsersState
    name = state.target.name
    return danger_dialog(
        is_open=state.act != "",
        on_open_change=state.keep,
        title=rx.match(
            state.act,
            ("deactivate", "Deactivate " + name + "?"),
            ("reactivate", "Reactivate " + name + "?"),
            ("delete_key", "Delete " + state.key_name + " of " + name + "?"),
            ("revoke_agent_key", "Revoke " + state.key_name + " of " + name + "?"),
            "",
        ),
        consequence=rx.match(
            state.act,
            (
                "deactivate",
                "They are signed out everywhere at once, and their agent keys stop working. Their "
                "keys stay and work again when you reactivate them. They own " + state.target_owns + ".",
            ),
            (
                "reactivate",
                "They can sign in with the password they had, and their agent keys work again.",
            ),
            (
                "delete_key",
                "Its value is wiped at once. What used it falls back to the next key. This cannot be undone.",
            ),
            ("revoke_agent_key", "Programs that use it are refused at once. This cannot be undone."),
            "",
        ),
        act=rx.match(
            state.act,
            ("deactivate", "Deactivate"),
            ("reactivate", "Reactivate"),
            ("delete_key", "Delete key"),
            "Revoke key",
        ),
        on_confirm=state.confirm,
        test_id="confirm-act",
    )


def _removal_dialog() -> rx.Component:
    state = UsersState
    return rx.alert_dialog.root(
        rx.alert_dialog.content(
            rx.alert_dialog.title("Remove " + state.target.name + "?"),
            rx.alert_dialog.description(
                "They are signed out at once and can never come back with this account; their agent keys are"
                " deleted. Their name stays in the audit trail, and the email is free for a new invitation."
                " They own " + state.target_owns + ".",
                size="2",
                data_testid="consequence",
            ),
            rx.form(
                rx.vstack(
                    rx.cond(state.target.keys_owned > 0, _choices()),
                    form_problem(state.removal_problem, "removal-problem"),
                    rx.hstack(
                        rx.alert_dialog.cancel(
                            rx.button("Cancel", type="button", variant="soft", color_scheme="gray",
                                      data_testid="cancel-danger")
                        ),
                        rx.button("Remove", type="submit", color_scheme="red", data_testid="confirm-removal"),
                        justify="end",
                        width="100%",
                    ),
                    spacing="4",
                    width="100%",
                    padding_top="14px",
                ),
                on_submit=state.submit_removal,
                reset_on_submit=False,
            ),
            max_width="520px",
        ),
        open=state.removal_is_open,
        on_open_change=state.set_removal_open,
    )  # fmt: skip


def _choices() -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend("What becomes of their API keys", class_name="kp-label"),
        _choice(
            "wipe", "Wipe their keys", "The values are gone at once. Programs fall back to the system keys."
        ),
        _choice(
            "hand_over",
            "Hand the keys over to the system",
            "They become inactive system keys without a value. An admin enters each value again. Their links"
            " to other providers and models end.",
        ),
        class_name="kp-choices",
    )


def _choice(value: str, label: str, help_text: str) -> rx.Component:
    return rx.el.label(
        rx.el.input(type="radio", name="keys", value=value, data_testid=f"keys-{value}"),
        rx.box(rx.text(label, size="2", weight="medium"), rx.text(help_text, class_name="kp-help")),
        class_name="kp-choice",
    )
