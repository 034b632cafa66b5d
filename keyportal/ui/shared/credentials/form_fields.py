"""The fields of the form besides the value: provider, name, what the provider needs, details."""

from typing import Any

import reflex as rx

from keyportal.domain.credentials import Ownership
from keyportal.ui.shared.credentials.form_values import FieldRow
from keyportal.ui.shared.credentials.paste import look_again
from keyportal.ui.shared.widgets.fields import check_box, described, field, secret_input, text_field
from keyportal.ui.shared.widgets.provider_picker import provider_picker

_NEXT = {
    Ownership.USER: "another of your own keys, else a system key of your organisation,"
    " else the server's own key",
    Ownership.SYSTEM: "another system key, else the server's own key",
}
_UNDER_MORE = rx.Var.create(["environment", "expires_on", "remind_on", "note"])


def problem(state: Any, name: str) -> rx.Var[str]:
    return rx.cond(state.problem_field == name, state.form_problem, "")


def provider_field(state: Any) -> rx.Component:
    return field(
        "Provider",
        provider_picker(
            input_id="provider",
            groups=state.groups,
            chosen=state.chosen,
            placeholder="Recognise it from the key",
            on_choose=lambda chosen: [state.choose_provider(chosen), look_again(state)],
            error=problem(state, "provider"),
        ),
        input_id="provider",
        help_text=state.chosen.how_to,
        error=problem(state, "provider"),
        aside=rx.cond(
            state.chosen.console_url,
            rx.link("Get a key", href=state.chosen.console_url, is_external=True, size="1"),
        ),
    )


def no_address(state: Any) -> rx.Component:
    return rx.cond(
        (state.chosen.id != "") & ~state.chosen.has_address,
        rx.el.div(
            rx.icon("triangle-alert", size=14, aria_hidden="true"),
            rx.el.span(
                state.chosen.name,
                " has no address here yet. An admin has to set one before its keys can be tested.",
            ),
            class_name="kp-hint kp-hint-amber",
            data_testid="no-address",
        ),
    )


def name_field(state: Any) -> rx.Component:
    return text_field(
        "Name",
        input_id="name",
        value=state.form.name,
        placeholder="What you will look for, such as Production",
        max_length=200,
        error=problem(state, "name"),
    )


def extra_fields(state: Any) -> rx.Component:
    """What the chosen provider needs besides the key, or takes along with it."""
    return rx.foreach(state.extra_fields, lambda extra: _extra_field(state, extra))


def model_question(state: Any) -> rx.Component:
    """Asked with the test only, and nothing of it is saved."""
    error = problem(state, "model")
    return rx.cond(
        state.chosen.has_model_check,
        rx.el.div(
            rx.el.label(
                rx.el.input(type="checkbox", name="with_model", data_testid="with-model"),
                "Also test a model",
                class_name="kp-check-box",
            ),
            rx.box(
                field(
                    "Model",
                    rx.el.input(
                        id="model",
                        name="model",
                        placeholder=state.chosen.model_hint,
                        auto_complete="off",
                        max_length=128,
                        class_name="kp-input kp-mono",
                        data_testid="model",
                        **described("model", error),
                    ),
                    input_id="model",
                    help_text="Asks the model for one token at most.",
                    error=error,
                ),
                class_name="kp-model",
            ),
            # What was typed for one provider's models is nothing for another's.
            key=state.chosen.id,
            class_name="kp-also-model",
        ),
    )


def consent(state: Any) -> rx.Component:
    """Whether another key may be used, and billed, while this one fails; where the policies allow it."""
    return rx.cond(
        state.failover_is_offered,
        check_box(
            "Use another key while this one fails",
            name="failover",
            is_on=state.form.failover,
            help_text="While its provider refuses this key or its quota is used up, programs get the next one"
            f" that can be used, and that one's account pays: {_NEXT[state.ownership]}.",
            data_testid="failover",
        ),
    )


def details(state: Any) -> rx.Component:
    """What most keys do without; it opens by itself when something in it is wrong."""
    is_wrong = _UNDER_MORE.contains(state.problem_field)
    return rx.el.details(
        rx.el.summary(
            rx.cond(state.chosen.is_general, "More: environment, note", "More: environment, dates, note"),
            class_name="kp-summary",
            data_testid="more",
        ),
        rx.vstack(
            _environment_field(state),
            rx.cond(state.chosen.is_general, rx.fragment(), _dates(state)),
            _note_field(state),
            spacing="4",
            padding_top="12px",
        ),
        open=is_wrong | state.form_has_details,
        width="100%",
    )


def _extra_field(state: Any, extra: rx.Var[FieldRow]) -> rx.Component:
    error = rx.cond(state.problem_field == extra.name, state.form_problem, "")
    common: dict[str, Any] = {"name": extra.input_id, "data_testid": extra.input_id}
    return field(
        extra.label,
        rx.cond(
            extra.is_secret,
            secret_input(
                input_id=extra.input_id,
                is_shown=state.shown_fields.contains(extra.name),
                on_toggle=state.toggle_field(extra.name),
                placeholder=extra.placeholder,
                error=error,
                toggle_test_id="toggle-" + extra.input_id,
                **common,
            ),
            rx.cond(
                extra.options.length() > 0,
                rx.el.select(
                    rx.foreach(extra.options, lambda option: rx.el.option(option.label, value=option.value)),
                    id=extra.input_id,
                    default_value=extra.value,
                    class_name="kp-select",
                    **common,
                    **described(extra.input_id, error),
                ),
                rx.el.input(
                    id=extra.input_id,
                    default_value=extra.value,
                    placeholder=extra.placeholder,
                    auto_complete="off",
                    class_name="kp-input",
                    **common,
                    **described(extra.input_id, error),
                ),
            ),
        ),
        input_id=extra.input_id,
        help_text=extra.help,
        error=error,
        optional=~extra.required,
    )


def _environment_field(state: Any) -> rx.Component:
    return text_field(
        "Environment",
        input_id="environment",
        value=state.form.environment,
        placeholder="prod",
        help_text="A label such as prod or dev. It is for your lists alone.",
        error=problem(state, "environment"),
        optional=True,
    )


def _dates(state: Any) -> rx.Component:
    return rx.box(
        text_field(
            "Expires on",
            input_id="expires_on",
            type="date",
            value=state.form.expires_on,
            help_text="From 00:00 UTC on it is passed over.",
            error=problem(state, "expires_on"),
            optional=True,
            test_id="expires-on",
        ),
        text_field(
            "Remind me on",
            input_id="remind_on",
            type="date",
            value=state.form.remind_on,
            help_text="To rotate it. The key goes on working.",
            error=problem(state, "remind_on"),
            optional=True,
            test_id="remind-on",
        ),
        class_name="kp-pair",
    )


def _note_field(state: Any) -> rx.Component:
    return text_field(
        "Note",
        input_id="note",
        value=state.form.note,
        lines=2,
        error=problem(state, "note"),
        optional=True,
    )
