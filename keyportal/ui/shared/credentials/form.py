"""The dialog in which a key is added or edited."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.credentials.rows import FieldRow
from keyportal.ui.shared.widgets.forms import (
    STAYS_OPEN,
    danger_dialog,
    described,
    field,
    form_buttons,
    secret_input,
)

_ALWAYS_SHOWN = rx.Var.create(["form", "provider", "name", "api_key"])


def credential_dialogs(state: Any) -> rx.Component:
    """The form and the question before a delete."""
    return rx.fragment(
        _form_dialog(state),
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
                    "The saved value is never shown. Leave it blank to keep it.",
                    "The value is encrypted when you save it and never shown again.",
                ),
                size="2",
                color="var(--gray-11)",
                padding_bottom="12px",
            ),
            rx.form(
                rx.vstack(
                    rx.cond(is_edit, rx.fragment(), _provider_field(state)),
                    _name_field(state),
                    _value_field(state, is_edit),
                    rx.foreach(
                        state.extra_fields,
                        lambda extra: rx.cond(extra.required, _extra_field(state, extra), rx.fragment()),
                    ),
                    _details(state),
                    _form_problem(state),
                    form_buttons(
                        rx.cond(is_edit, "Save changes", "Add key"), state.close_form, test_id="save-key"
                    ),
                    spacing="4",
                    width="100%",
                ),
                on_submit=state.submit_form,
                reset_on_submit=False,
            ),
            max_width="520px",
            data_testid="key-form",
            **STAYS_OPEN,
        ),
        open=state.form_is_open,
        on_open_change=state.set_form_open,
    )


def _problem(state: Any, name: str) -> rx.Var[str]:
    return rx.cond(state.problem_field == name, state.form_problem, "")


def _provider_field(state: Any) -> rx.Component:
    return field(
        "Provider",
        rx.el.select(
            rx.el.option("Recognise it from the key", value=""),
            rx.foreach(state.choices, lambda choice: rx.el.option(choice.name, value=choice.id)),
            id="provider",
            name="provider",
            value=state.chosen.id,
            on_change=state.choose_provider,
            class_name="kp-select",
            data_testid="provider",
            **described("provider", _problem(state, "provider")),
        ),
        input_id="provider",
        help_text=state.chosen.how_to,
        error=_problem(state, "provider"),
        aside=rx.cond(
            state.chosen.console_url,
            rx.link("Get a key", href=state.chosen.console_url, is_external=True, size="1"),
        ),
    )


def _name_field(state: Any) -> rx.Component:
    return field(
        "Name",
        rx.el.input(
            id="name",
            name="name",
            default_value=state.form.name,
            placeholder="What you will look for, such as Production",
            auto_complete="off",
            max_length=200,
            class_name="kp-input",
            data_testid="name",
            **described("name", _problem(state, "name")),
        ),
        input_id="name",
        error=_problem(state, "name"),
    )


def _value_field(state: Any, is_edit: rx.Var[bool]) -> rx.Component:
    return field(
        rx.cond(is_edit, "New value", "API key"),
        secret_input(
            input_id="api_key",
            name="api_key",
            is_shown=state.value_is_shown,
            on_toggle=state.toggle_value,
            placeholder=rx.cond(is_edit, state.form.mask, "Paste it here"),
            error=_problem(state, "api_key"),
            data_testid="api-key",
        ),
        input_id="api_key",
        help_text=rx.cond(is_edit, "Blank keeps the saved value.", ""),
        error=_problem(state, "api_key"),
    )


def _extra_field(state: Any, extra: rx.Var[FieldRow]) -> rx.Component:
    error = rx.cond(state.problem_field == extra.name, state.form_problem, "")
    return field(
        extra.label,
        rx.el.input(
            id=extra.input_id,
            name=extra.input_id,
            default_value=extra.value,
            auto_complete="off",
            class_name="kp-input",
            data_testid=extra.input_id,
            **described(extra.input_id, error),
        ),
        input_id=extra.input_id,
        help_text=extra.help,
        error=error,
        optional=~extra.required,
    )


def _details(state: Any) -> rx.Component:
    """What most keys do without; it opens by itself when something in it is wrong."""
    is_wrong = (state.problem_field != "") & ~_ALWAYS_SHOWN.contains(state.problem_field)
    return rx.el.details(
        rx.el.summary("More: environment, expiry, note", class_name="kp-summary", data_testid="more"),
        rx.vstack(
            rx.foreach(
                state.extra_fields,
                lambda extra: rx.cond(extra.required, rx.fragment(), _extra_field(state, extra)),
            ),
            _optional_fields(state),
            spacing="4",
            padding_top="12px",
        ),
        open=is_wrong | state.form_has_details,
        width="100%",
    )


def _optional_fields(state: Any) -> rx.Component:
    return rx.fragment(
        rx.box(
            field(
                "Environment",
                rx.el.input(
                    id="environment",
                    name="environment",
                    default_value=state.form.environment,
                    placeholder="prod",
                    auto_complete="off",
                    class_name="kp-input",
                    data_testid="environment",
                    **described("environment", _problem(state, "environment")),
                ),
                input_id="environment",
                error=_problem(state, "environment"),
                optional=True,
            ),
            field(
                "Expires on",
                rx.el.input(
                    id="expires_on",
                    name="expires_on",
                    type="date",
                    default_value=state.form.expires_on,
                    class_name="kp-input",
                    data_testid="expires-on",
                    **described("expires_on", _problem(state, "expires_on")),
                ),
                input_id="expires_on",
                help_text="From 00:00 UTC on it is passed over.",
                error=_problem(state, "expires_on"),
                optional=True,
            ),
            class_name="kp-pair",
        ),
        field(
            "Note",
            rx.el.input(
                id="note",
                name="note",
                default_value=state.form.note,
                auto_complete="off",
                class_name="kp-input",
                data_testid="note",
                **described("note", _problem(state, "note")),
            ),
            input_id="note",
            error=_problem(state, "note"),
            optional=True,
        ),
    )


def _form_problem(state: Any) -> rx.Component:
    return rx.cond(
        state.problem_field == "form",
        rx.callout(
            state.form_problem,
            icon="circle-alert",
            color_scheme="red",
            role="alert",
            data_testid="form-problem",
        ),
    )
