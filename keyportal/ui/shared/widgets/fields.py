"""Fields of forms: the label above, the help below, the error in the help's place. And the secret input."""

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
                id=label_id(input_id),
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


def text_field(
    label: Any,
    *,
    input_id: str,
    name: str = "",
    value: Any = "",
    error: rx.Var[str] | str = "",
    help_text: Any = "",
    optional: rx.Var[bool] | bool = False,
    aside: rx.Component | None = None,
    lines: int = 1,
    mono: bool = False,
    test_id: str = "",
    **props: Any,
) -> rx.Component:
    """One labelled line of text, or several; `value` is what it begins with. Never for a secret."""
    control: dict[str, Any] = {
        "id": input_id,
        "name": name or input_id,
        "default_value": value,
        "auto_complete": "off",
        "class_name": "kp-input kp-mono" if mono else "kp-input",
        "data_testid": test_id or input_id,
        **described(input_id, error),
        **props,
    }
    return field(
        label,
        rx.el.textarea(rows=str(lines), **control) if lines > 1 else rx.el.input(**control),
        input_id=input_id,
        help_text=help_text,
        error=error,
        optional=optional,
        aside=aside,
    )


def check_box(
    label: Any, *, name: str, is_on: Any = False, help_text: Any = "", **props: Any
) -> rx.Component:
    """A box with its words at its right and its help below."""
    return rx.el.div(
        rx.el.label(
            rx.el.input(type="checkbox", name=name, default_checked=is_on, **props),
            label,
            class_name="kp-check-box",
        ),
        rx.cond(help_text, rx.text(help_text, class_name="kp-help kp-check-help")),
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


def label_id(input_id: Any) -> Any:
    return input_id + "-label"


def _words_id(input_id: Any) -> Any:
    return input_id + "-words"


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
