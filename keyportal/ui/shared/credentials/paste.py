"""The value in the form, and under it what a pasted one looks like before it is saved."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.widgets.fields import field, secret_input

# Reads the field when an event is sent: the value is an argument and never in a var.
VALUE_IN_THE_FORM = rx.Var(_js_expr="(document.getElementById('api_key')?.value ?? '')", _var_type=str)


def look_again(state: Any) -> Any:
    """The event that looks at the value as it stands in the form."""
    return state.look_at_value(VALUE_IN_THE_FORM, state.form_number)


def value_field(state: Any, is_edit: rx.Var[bool], error: rx.Var[str]) -> rx.Component:
    return rx.box(
        field(
            rx.cond(is_edit, "New value", "API key"),
            secret_input(
                input_id="api_key",
                name="api_key",
                is_shown=state.value_is_shown,
                on_toggle=state.toggle_value,
                placeholder=rx.cond(is_edit, state.form.mask, "Paste it here"),
                error=error,
                on_input=state.change_value,
                on_change=lambda value: state.look_at_value(value, state.form_number).debounce(300),
                data_testid="api-key",
            ),
            input_id="api_key",
            help_text=rx.cond(
                is_edit,
                rx.cond(
                    state.form.needs_value,
                    "Its value is gone. Enter it again, or nothing resolves to this key.",
                    "Blank keeps the saved value.",
                ),
                "",
            ),
            error=error,
        ),
        rx.el.div(
            _recognised(state, is_edit),
            rx.cond((state.pasted.candidates.length() > 0) & (state.chosen.id == ""), _candidates(state)),
            rx.cond(state.pasted.is_assignment, _consent(state)),
            _remark(state.pasted.notice, "info", "cleaning", ""),
            _remark(state.pasted.problem, "triangle-alert", "pasted-problem", "kp-hint-amber"),
            _remark(state.pasted.warning, "triangle-alert", "pasted-warning", "kp-hint-amber"),
            role="status",
            aria_live="polite",
            class_name="kp-hints",
            data_testid="pasted",
        ),
        width="100%",
    )


def _recognised(state: Any, is_edit: rx.Var[bool]) -> rx.Component:
    """Which provider the value gives away; another one than the person chose is only offered."""
    return rx.cond(
        state.pasted.guessed_id != "",
        rx.cond(
            state.pasted.guessed_id == state.chosen.id,
            rx.cond(
                (state.pasted.warning == "") & (state.pasted.problem == ""),
                _recognised_as(state, "circle-check", "kp-hint-green"),
                # Something is odd about it, and that stands right below.
                _recognised_as(state, "info", "kp-hint-plain"),
            ),
            _hint(
                "triangle-alert",
                rx.el.span("This looks like a key of ", state.pasted.guessed_name, "."),
                rx.cond(
                    is_edit,
                    rx.fragment(),
                    rx.button(
                        "Switch to ",
                        state.pasted.guessed_name,
                        type="button",
                        size="1",
                        variant="soft",
                        on_click=[state.switch_to_recognised, look_again(state)],
                        data_testid="switch-provider",
                    ),
                ),
                class_name="kp-hint-amber",
                test_id="other-provider",
            ),
        ),
    )


def _recognised_as(state: Any, icon: str, class_name: str) -> rx.Component:
    words = rx.el.span("Recognised as ", state.pasted.guessed_name, ".")
    return _hint(icon, words, class_name=class_name, test_id="recognised")


def _candidates(state: Any) -> rx.Component:
    """Several providers have keys that look like this one: the person says which it is for."""
    return rx.el.div(
        _hint(
            "info",
            rx.el.span("This looks like a key of ", state.pasted.candidate_names, ". Choose:"),
            class_name="kp-hint-plain",
            test_id="candidates",
        ),
        rx.el.div(
            rx.foreach(
                state.pasted.candidates,
                lambda candidate: rx.button(
                    candidate.name,
                    type="button",
                    size="1",
                    variant="soft",
                    on_click=[state.choose_candidate(candidate.id), look_again(state)],
                    data_testid="candidate",
                    custom_attrs={"data-provider": candidate.id},
                ),
            ),
            class_name="kp-candidates",
        ),
    )


def _consent(state: Any) -> rx.Component:
    """One button for both ways, so that focus stays on it."""
    return rx.el.div(
        rx.el.p(
            rx.cond(
                state.keeps_value_only,
                "Only the part after the equals sign will be saved.",
                "This is a whole line from a settings file. Keep only the part after the equals sign?",
            ),
            data_testid="assignment",
        ),
        rx.button(
            rx.cond(state.keeps_value_only, "Undo", "Keep only that part"),
            type="button",
            size="1",
            variant="soft",
            on_click=state.switch_value_only,
            data_testid="consent",
        ),
        class_name=rx.cond(state.keeps_value_only, "kp-consent kp-consent-given", "kp-consent"),
    )


def _remark(text: rx.Var[str], icon: str, test_id: str, class_name: str) -> rx.Component:
    return rx.cond(text != "", _hint(icon, rx.el.span(text), class_name=class_name, test_id=test_id))


def _hint(icon: str, *words: rx.Component, class_name: str, test_id: str) -> rx.Component:
    return rx.el.div(
        rx.icon(icon, size=14, aria_hidden="true"),
        *words,
        class_name=f"kp-hint {class_name}",
        data_testid=test_id,
    )
