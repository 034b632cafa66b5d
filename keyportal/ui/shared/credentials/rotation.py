"""The dialog that rotates a key in three steps: the new value, its test, the switch."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.credentials.check_result import check_result
from keyportal.ui.shared.credentials.form_fields import extra_fields, problem
from keyportal.ui.shared.widgets.forms import (
    CLOSES_FORM,
    GUARDED,
    STAYS_OPEN,
    discard_bar,
    field,
    form_problem,
    secret_input,
)

_STEPS = (("value", "New value"), ("test", "Test"), ("switch", "Switch over"))
_GRACES = (("0", "None: it ends now"), ("1", "1 day"), ("7", "7 days"), ("30", "30 days"))


def rotation_dialog(state: Any) -> rx.Component:
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Rotate ", state.rotation_name, class_name="kp-dialog-title"),
            rx.dialog.description(
                state.rotation_provider,
                " ",
                rx.text.span(state.rotation_mask, class_name="kp-mono"),
                ". It is used until the new value takes its place.",
                size="2",
                class_name="kp-dialog-description",
            ),
            _steps(state),
            rx.match(
                state.rotation_step,
                ("value", _value_step(state)),
                ("test", _test_step(state)),
                ("switch", _switch_step(state)),
                rx.fragment(),
            ),
            max_width="520px",
            data_testid="rotation-dialog",
            **STAYS_OPEN,
        ),
        open=state.rotation_id != "",
        on_open_change=state.set_rotation_open,
    )


def _steps(state: Any) -> rx.Component:
    return rx.el.ol(
        *[
            rx.el.li(
                rx.el.span(str(number), aria_hidden="true"),
                word,
                custom_attrs={"aria-current": rx.cond(state.rotation_step == key, "step", "false")},
            )
            for number, (key, word) in enumerate(_STEPS, start=1)
        ],
        aria_label="Steps",
        class_name="kp-stages",
    )


def _value_step(state: Any) -> rx.Component:
    wrong = problem(state, "api_key")
    return rx.form(
        rx.vstack(
            field(
                "New API key",
                secret_input(
                    input_id="rotation-key",
                    name="api_key",
                    is_shown=state.value_is_shown,
                    on_toggle=state.toggle_value,
                    error=wrong,
                    data_testid="rotation-key",
                ),
                input_id="rotation-key",
                help_text="Create it on the provider's page first. Leave the old one valid there for now.",
                error=wrong,
            ),
            extra_fields(state),
            form_problem(rx.cond(state.problem_field == "form", state.form_problem, "")),
            discard_bar(),
            _buttons(
                rx.button("Cancel", **_quiet(state.close_rotation), custom_attrs={**CLOSES_FORM}),
                rx.button("Store and test", type="submit", data_testid="store-new-value"),
            ),
            spacing="4",
            width="100%",
        ),
        on_submit=state.submit_rotation,
        reset_on_submit=False,
        custom_attrs={"data-problem": state.problem_number, **GUARDED},
    )


def _test_step(state: Any) -> rx.Component:
    is_good = (state.rotation_check.outcome == "valid") | (state.rotation_check.outcome == "valid_limited")
    return rx.vstack(
        rx.text(
            "The new value ",
            rx.text.span(state.rotation_new_mask, class_name="kp-mono", data_testid="new-mask"),
            " is stored and waits. Programs still get the old one.",
            size="2",
        ),
        rx.cond(
            state.rotation_notice != "", rx.text(state.rotation_notice, size="2", color="var(--gray-11)")
        ),
        check_result(state.rotation_check, is_running=state.rotation_is_testing, test_id="rotation-check"),
        form_problem(state.form_problem, "rotation-problem"),
        _buttons(
            _discard(state),
            rx.button(
                rx.spinner(
                    rx.cond(state.rotation_check.outcome == "", "Test it", "Test again"),
                    loading=state.rotation_is_testing,
                    size="1",
                ),
                type="button",
                variant=rx.cond(is_good, "soft", "solid"),
                aria_busy=state.rotation_is_testing,
                on_click=state.test_rotation,
                data_testid="test-new-value",
            ),
            rx.button(
                rx.cond(is_good, "Continue", "Continue without a valid test"),
                type="button",
                variant=rx.cond(is_good, "solid", "outline"),
                color_scheme=rx.cond(is_good, "iris", "gray"),
                on_click=state.go_on_to_switch,
                data_testid="go-on",
            ),
        ),
        spacing="4",
        width="100%",
    )


def _switch_step(state: Any) -> rx.Component:
    return rx.form(
        rx.vstack(
            rx.text(
                "From now on programs get the new value under the same name, place and links.",
                size="2",
            ),
            rx.el.fieldset(
                rx.el.legend("Keep the old value usable for", class_name="kp-label"),
                *[
                    rx.el.label(
                        rx.el.input(
                            type="radio",
                            name="grace_days",
                            value=days,
                            default_checked=days == "7",
                            data_testid=f"grace-{days}",
                        ),
                        word,
                        class_name="kp-check-box",
                    )
                    for days, word in _GRACES
                ],
                class_name="kp-choices",
            ),
            rx.text(
                "It stays right behind the new one and expires by itself. Revoke it at the provider then.",
                class_name="kp-help",
            ),
            form_problem(state.form_problem, "rotation-problem"),
            _buttons(
                _discard(state),
                rx.button("Back", **_quiet(state.go_back_to_test)),
                rx.button("Switch over", type="submit", data_testid="switch-over"),
            ),
            spacing="4",
            width="100%",
        ),
        on_submit=state.finish_rotation,
        reset_on_submit=False,
    )


def _discard(state: Any) -> rx.Component:
    return rx.fragment(
        rx.button(
            "Discard new value",
            type="button",
            variant="ghost",
            color_scheme="red",
            on_click=state.discard_rotation,
            data_testid="discard-new-value",
        ),
        rx.spacer(),
    )


def _quiet(on_click: Any) -> dict[str, Any]:
    return {"type": "button", "variant": "soft", "color_scheme": "gray", "on_click": on_click}


def _buttons(*buttons: rx.Component) -> rx.Component:
    return rx.hstack(*buttons, justify="end", align="center", width="100%", wrap="wrap", padding_top="4px")
