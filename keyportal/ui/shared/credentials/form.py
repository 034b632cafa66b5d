"""The dialog in which a key is added, tested before it is saved, or edited."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.credentials.check_dialog import check_dialog
from keyportal.ui.shared.credentials.check_result import check_result
from keyportal.ui.shared.credentials.form_fields import (
    details,
    extra_fields,
    model_question,
    name_field,
    no_address,
    problem,
    provider_field,
)
from keyportal.ui.shared.credentials.paste import value_field
from keyportal.ui.shared.widgets.forms import STAYS_OPEN, danger_dialog

_FORM, _TEST_FORM = "key-values", "key-test"


def credential_dialogs(state: Any) -> rx.Component:
    """The form, the last test, and the question before a delete."""
    return rx.fragment(
        _form_dialog(state),
        check_dialog(state),
        danger_dialog(
            is_open=state.doomed_id != "",
            on_open_change=state.keep,
            title="Delete " + state.doomed_name + "?",
            consequence=state.doomed_consequence + " The value is wiped at once. This cannot be undone.",
            act="Delete key",
            on_confirm=state.confirm_delete,
            test_id="confirm-delete",
        ),
    )


def _form_dialog(state: Any) -> rx.Component:
    is_edit = state.form.id != ""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(rx.cond(is_edit, "Edit key", "Add key")),
            rx.dialog.description(
                rx.cond(
                    is_edit,
                    state.form.provider_name + ": the saved value is never shown. Leave it blank to keep it.",
                    "The value is encrypted when you save it and never shown again.",
                ),
                size="2",
                color="var(--gray-11)",
                padding_bottom="12px",
            ),
            rx.form(
                rx.vstack(
                    rx.cond(is_edit, rx.fragment(), provider_field(state)),
                    no_address(state),
                    name_field(state),
                    value_field(state, is_edit, problem(state, "api_key")),
                    extra_fields(state),
                    details(state),
                    model_question(state),
                    _form_problem(state),
                    check_result(state.form_check, is_running=state.form_is_testing, test_id="form-check"),
                    _buttons(state, is_edit),
                    spacing="4",
                    width="100%",
                ),
                id=_FORM,
                on_submit=state.submit_form,
                reset_on_submit=False,
                custom_attrs={"data-problem": state.problem_number},
            ),
            # Test submits this form, into which a script puts what stands in the one above. So Enter
            # saves, and each of the two has a handler of its own.
            rx.el.form(
                id=_TEST_FORM,
                on_submit=state.test_form,
                reset_on_submit=False,
                custom_attrs={"data-values-of": _FORM},
            ),
            max_width="520px",
            data_testid="key-form",
            **STAYS_OPEN,
        ),
        open=state.form_is_open,
        on_open_change=state.set_form_open,
    )


def _buttons(state: Any, is_edit: rx.Var[bool]) -> rx.Component:
    return rx.hstack(
        rx.button(
            # Not `loading`: that disables the button, and focus would fall off it.
            rx.spinner("Test", loading=state.form_is_testing, size="1"),
            type="submit",
            variant="outline",
            aria_busy=state.form_is_testing,
            custom_attrs={"form": _TEST_FORM},
            data_testid="test-form",
        ),
        rx.spacer(),
        rx.button(
            "Cancel",
            type="button",
            variant="soft",
            color_scheme="gray",
            on_click=state.close_form,
            data_testid="cancel",
        ),
        rx.button(rx.cond(is_edit, "Save changes", "Add key"), type="submit", data_testid="save-key"),
        width="100%",
        padding_top="8px",
    )


def _form_problem(state: Any) -> rx.Component:
    return rx.cond(
        state.problem_field == "form",
        rx.callout(
            state.form_problem,
            icon="circle-alert",
            color_scheme="red",
            width="100%",
            role="alert",
            data_testid="form-problem",
        ),
    )
