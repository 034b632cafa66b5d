"""Forms that look and behave alike: dialogs that lose nothing typed, buttons, the question before danger.

The fields in them stand in `fields`, and can be had from here too.
"""

from typing import Any

import reflex as rx

from keyportal.ui.shared.widgets.fields import check_box as check_box
from keyportal.ui.shared.widgets.fields import described as described
from keyportal.ui.shared.widgets.fields import field as field
from keyportal.ui.shared.widgets.fields import label_id as label_id
from keyportal.ui.shared.widgets.fields import secret_input as secret_input
from keyportal.ui.shared.widgets.fields import text_field as text_field

# On a dialog with a form: a click beside it closes nothing, so that nothing typed is lost.
STAYS_OPEN: dict[str, Any] = {"on_interact_outside": rx.prevent_default}
# On such a form: /unsaved.js asks before what was typed into it is lost, in the bar below.
GUARDED = {"data-guard-unsaved": ""}
# On each button that closes the dialog of such a form without saving.
CLOSES_FORM = {"data-closes-form": ""}


def discard_bar() -> rx.Component:
    """The question before what was typed is lost. It is shown and answered in the browser alone."""
    return rx.el.div(
        rx.el.span("Discard what you typed?"),
        rx.button(
            "Keep editing",
            type="button",
            size="1",
            variant="soft",
            color_scheme="gray",
            high_contrast=True,
            custom_attrs={"data-keep-editing": ""},
            data_testid="keep-editing",
        ),
        rx.button(
            "Discard",
            type="button",
            size="1",
            color_scheme="red",
            custom_attrs={"data-discard": ""},
            data_testid="discard",
        ),
        hidden=True,
        role="alert",
        class_name="kp-discard",
        custom_attrs={"data-discard-bar": ""},
        data_testid="discard-bar",
    )


def dialog_form(
    *content: rx.Component,
    is_open: rx.Var[bool],
    on_open_change: Any,
    title: Any,
    description: Any = "",
    form_id: str,
    on_submit: Any,
    save: Any,
    on_cancel: Any,
    problem: rx.Var[str] | str = "",
    problem_number: rx.Var[int] | int = 0,
    form_key: Any = "",
    buttons: rx.Component | None = None,
    beside: rx.Component | None = None,
    test_id: str,
    save_test_id: str = "save",
) -> rx.Component:
    """A dialog that is one form: Enter submits, Escape closes, and nothing typed is lost unasked.

    `problem` is what is wrong with the whole; what is wrong with a field stands there. Each refusal
    has a new `problem_number`, which sends focus to the wrong field. `buttons` replaces Cancel and
    `save`. `beside` stands in the dialog outside of the form.
    """
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(title, class_name="kp-dialog-title"),
            rx.cond(
                description,
                rx.dialog.description(description, size="2", class_name="kp-dialog-description"),
            ),
            rx.form(
                rx.vstack(
                    *content,
                    form_problem(problem),
                    discard_bar(),
                    buttons or form_buttons(save, on_cancel, test_id=save_test_id),
                    spacing="4",
                    width="100%",
                ),
                id=form_id,
                key=form_key,
                on_submit=on_submit,
                reset_on_submit=False,
                custom_attrs={"data-problem": problem_number, **GUARDED},
            ),
            beside or rx.fragment(),
            max_width="520px",
            data_testid=test_id,
            **STAYS_OPEN,
        ),
        open=is_open,
        on_open_change=on_open_change,
    )


def form_problem(words: rx.Var[str] | str, test_id: str = "form-problem") -> rx.Component:
    """What is wrong with a form as a whole."""
    return rx.cond(
        words,
        rx.callout(
            words,
            icon="circle-alert",
            color_scheme="red",
            width="100%",
            role="alert",
            data_testid=test_id,
        ),
    )


def cancel_button(on_cancel: Any) -> rx.Component:
    return rx.button(
        "Cancel",
        type="button",
        variant="soft",
        color_scheme="gray",
        on_click=on_cancel,
        custom_attrs={**CLOSES_FORM},
        data_testid="cancel",
    )


def form_buttons(save: Any, on_cancel: Any, *, test_id: str) -> rx.Component:
    return rx.hstack(
        cancel_button(on_cancel),
        rx.button(save, type="submit", data_testid=test_id),
        justify="end",
        width="100%",
        padding_top="8px",
    )  # fmt: skip


def danger_dialog(
    *,
    is_open: rx.Var[bool],
    on_open_change: Any,
    title: Any,
    consequence: Any,
    act: Any,
    on_confirm: Any,
    test_id: str,
) -> rx.Component:
    """Says what will happen and to whom; the act in red, focus on Cancel."""
    return rx.alert_dialog.root(
        rx.alert_dialog.content(
            rx.alert_dialog.title(title),
            rx.alert_dialog.description(consequence, data_testid="consequence"),
            rx.hstack(
                rx.alert_dialog.cancel(
                    rx.button("Cancel", variant="soft", color_scheme="gray", data_testid="cancel-danger")
                ),
                rx.button(act, color_scheme="red", on_click=on_confirm, data_testid=test_id),
                justify="end",
                padding_top="20px",
            ),
            max_width="480px",
        ),
        open=is_open,
        on_open_change=on_open_change,
    )
