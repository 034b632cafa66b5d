"""Fields with a label above, help below and the error in the help's place; and the secret input."""

from typing import Any

import reflex as rx


def field(
    label: Any,
    control: rx.Component,
    *,
    input_id: Any,
    help_text: Any = "",
    error: rx.Var[str] | str = "",
    optional: rx.Var[bool] | bool = False,
    aside: rx.Component | None = None,
) -> rx.Component:
    """One labelled control. `aside` stands at the right of the label, such as a link."""
    return rx.box(
        rx.hstack(
            rx.el.label(
                label,
                rx.cond(optional, rx.text.span(" optional", class_name="kp-optional")),
                html_for=input_id,
                class_name="kp-label",
            ),
            rx.spacer(),
            aside or rx.fragment(),
            width="100%",
            align="center",
        ),
        control,
        rx.el.div(
            rx.cond(
                error,
                rx.text(error, class_name="kp-error", role="alert", data_testid="field-error"),
                rx.cond(help_text, rx.text(help_text, class_name="kp-help")),
            ),
            custom_attrs={"id": _words_id(input_id)},
        ),
        class_name="kp-field",
    )


def described(input_id: Any, error: Any = "") -> dict[str, Any]:
    """Props for the control of a `field`: its help and its error are read out with it."""
    return {
        "custom_attrs": {
            "aria-describedby": _words_id(input_id),
            "aria-invalid": rx.cond(error, "true", "false"),
        }
    }


def _words_id(input_id: Any) -> Any:
    return input_id + "-words"


# On a dialog with a form: a click beside it closes nothing, so that nothing typed is lost.
STAYS_OPEN: dict[str, Any] = {"on_interact_outside": rx.prevent_default}


class _WatchedInput(rx.el.Input):
    """An input that tells at once that it changed, beside what `on_change` tells after a pause."""

    on_input: rx.EventHandler[rx.event.no_args_event_spec]


def secret_input(
    *,
    input_id: Any,
    name: Any,
    is_shown: rx.Var[bool],
    on_toggle: Any,
    error: Any = "",
    placeholder: Any = "",
    toggle_test_id: Any = "toggle-secret",
    **props: Any,
) -> rx.Component:
    """A secret as it is pasted: never in a var, no autofill, no spell check."""
    described_by = described(input_id, error)["custom_attrs"]
    return rx.hstack(
        _WatchedInput.create(
            id=input_id,
            name=name,
            type=rx.cond(is_shown, "text", "password"),
            placeholder=placeholder,
            auto_complete="off",
            auto_correct="off",
            auto_capitalize="off",
            spell_check=False,
            class_name="kp-input kp-mono",
            custom_attrs={"data-1p-ignore": "true", "data-lpignore": "true", **described_by},
            **props,
        ),
        rx.icon_button(
            rx.cond(is_shown, rx.icon("eye-off", size=16), rx.icon("eye", size=16)),
            type="button",
            variant="soft",
            color_scheme="gray",
            on_click=on_toggle,
            aria_label=rx.cond(is_shown, "Hide the value", "Show the value"),
            data_testid=toggle_test_id,
        ),
        width="100%",
        align="center",
        spacing="2",
    )


def form_buttons(save: Any, on_cancel: Any, *, test_id: str) -> rx.Component:
    return rx.hstack(
        rx.button("Cancel", type="button", variant="soft", color_scheme="gray", on_click=on_cancel,
                  data_testid="cancel"),
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
