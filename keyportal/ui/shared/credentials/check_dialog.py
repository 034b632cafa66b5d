"""The dialog "Last test" of one saved key."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.credentials.check_result import check_result
from keyportal.ui.shared.credentials.reported import last_report
from keyportal.ui.shared.widgets.forms import described, field


def check_dialog(state: Any) -> rx.Component:
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(
                rx.cond(state.check_begins_with_model, "Test a model with ", "Last test of "),
                state.check_name,
                class_name="kp-check-title",
            ),
            rx.dialog.description(state.check_about, size="2", color="var(--gray-11)", padding_bottom="12px"),
            rx.vstack(
                # First, so that focus begins there.
                rx.cond(state.check_can_ask_model & state.check_begins_with_model, _model_form(state)),
                rx.cond(
                    (state.check.outcome == "") & ~state.check_is_running,
                    rx.text("This key was not tested yet.", size="2", data_testid="not-tested"),
                ),
                rx.cond(state.check_report.by != "", last_report(state.check_report)),
                check_result(state.check, is_running=state.check_is_running, test_id="last-check"),
                rx.cond(
                    (state.check_problem != "") & (state.check_problem_field != "model"),
                    rx.callout(
                        state.check_problem,
                        icon="circle-alert",
                        color_scheme="red",
                        width="100%",
                        role="alert",
                        size="1",
                        data_testid="check-problem",
                    ),
                ),
                rx.cond(state.check_models.length() > 0, _models(state)),
                rx.cond(state.check_can_ask_model & ~state.check_begins_with_model, _model_form(state)),
                _buttons(state),
                spacing="4",
                width="100%",
            ),
            max_width="520px",
            data_testid="check-dialog",
        ),
        open=state.check_id != "",
        on_open_change=state.close_check,
    )


def _models(state: Any) -> rx.Component:
    return rx.box(
        rx.el.label("Models it can see", html_for="models-filter", class_name="kp-label"),
        rx.el.input(
            id="models-filter",
            type="search",
            placeholder="Filter by name",
            default_value="",
            on_change=state.filter_models.debounce(150),
            auto_complete="off",
            class_name="kp-input",
            data_testid="models-filter",
        ),
        rx.el.ul(
            rx.foreach(state.check_models_shown, lambda model: rx.el.li(model, key=model)),
            # It scrolls, so it can be reached with the keyboard.
            tab_index=0,
            aria_label="Models",
            class_name="kp-models kp-mono",
            data_testid="models",
        ),
        rx.el.p(
            rx.cond(
                state.check_models_shown.length() == 0,
                "No model has this in its name.",
                rx.cond(
                    state.check_models_query != "",
                    state.check_models_shown.length().to_string() + " match.",
                    "",
                ),
            ),
            role="status",
            class_name="kp-help",
            data_testid="models-found",
        ),
        class_name="kp-field",
    )


def _model_form(state: Any) -> rx.Component:
    problem = rx.cond(state.check_problem_field == "model", state.check_problem, "")
    return rx.el.form(
        field(
            "Test a model",
            rx.hstack(
                rx.el.input(
                    id="check-model",
                    name="model",
                    list="check-models",
                    placeholder=state.check_model_hint,
                    auto_complete="off",
                    max_length=128,
                    class_name="kp-input kp-mono",
                    data_testid="check-model",
                    **described("check-model", problem),
                ),
                rx.button(
                    "Test model",
                    type="submit",
                    variant="soft",
                    aria_busy=state.check_is_running,
                    data_testid="test-model",
                ),
                width="100%",
                align="center",
                spacing="2",
            ),
            input_id="check-model",
            help_text="Asks the model for one token at most.",
            error=problem,
        ),
        rx.el.datalist(
            rx.foreach(state.check_models, lambda model: rx.el.option(value=model)), id="check-models"
        ),
        on_submit=state.test_model,
        reset_on_submit=False,
        width="100%",
    )


def _buttons(state: Any) -> rx.Component:
    return rx.hstack(
        rx.dialog.close(
            rx.button("Close", variant="soft", color_scheme="gray", data_testid="close-check"),
        ),
        rx.button(
            rx.spinner(
                rx.cond(state.check.outcome == "", "Test key", "Test again"),
                loading=state.check_is_running,
                size="1",
            ),
            on_click=state.test_again,
            aria_busy=state.check_is_running,
            data_testid="test-again",
        ),
        justify="end",
        width="100%",
    )
