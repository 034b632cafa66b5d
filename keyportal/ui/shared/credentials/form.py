"""The dialog in which a key is added, tested before it is saved, or edited."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.credentials.check_dialog import check_dialog
from keyportal.ui.shared.credentials.check_result import check_result
from keyportal.ui.shared.credentials.conflict_panel import OVERWRITE_FORM, conflict_panel
from keyportal.ui.shared.credentials.form_fields import (
    consent,
    details,
    extra_fields,
    model_question,
    name_field,
    no_address,
    problem,
    provider_field,
)
from keyportal.ui.shared.credentials.paste import value_field
from keyportal.ui.shared.widgets.forms import cancel_button, danger_dialog, dialog_form

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
    return dialog_form(
        rx.cond(is_edit, rx.fragment(), provider_field(state)),
        no_address(state),
        name_field(state),
        value_field(state, is_edit, problem(state, "api_key")),
        extra_fields(state),
        consent(state),
        details(state),
        model_question(state),
        conflict_panel(state),
        check_result(state.form_check, is_running=state.form_is_testing, test_id="form-check"),
        is_open=state.form_is_open,
        on_open_change=state.set_form_open,
        title=rx.cond(is_edit, "Edit key", "Add key"),
        description=rx.cond(
            is_edit,
            state.form.provider_name + ": the saved value is never shown. Leave it blank to keep it.",
            "The value is encrypted when you save it and never shown again.",
        ),
        form_id=_FORM,
        # What was typed into a former form is not in this one.
        form_key=state.form_number.to_string(),
        on_submit=state.submit_form,
        save=rx.cond(is_edit, "Save changes", "Add key"),
        on_cancel=state.close_form,
        # The panel of two versions says it better.
        problem=rx.cond(
            (state.problem_field == "form") & (state.conflict.length() == 0), state.form_problem, ""
        ),
        problem_number=state.problem_number,
        buttons=_buttons(state, is_edit),
        beside=_other_submits(state),
        test_id="key-form",
    )


def _other_submits(state: Any) -> rx.Component:
    """Forms of one button each, into which a script puts what stands in the one above.

    So Enter saves, and Test and Overwrite have handlers of their own.
    """
    return rx.fragment(
        *[
            rx.el.form(
                id=form_id,
                on_submit=handler,
                reset_on_submit=False,
                custom_attrs={"data-values-of": _FORM},
            )
            for form_id, handler in ((_TEST_FORM, state.test_form), (OVERWRITE_FORM, state.overwrite_form))
        ]
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
        cancel_button(state.close_form),
        rx.button(rx.cond(is_edit, "Save changes", "Add key"), type="submit", data_testid="save-key"),
        width="100%",
        padding_top="8px",
    )
