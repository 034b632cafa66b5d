"""The dialogs of providers: another address, an added provider, and the question before a delete."""

import reflex as rx

from keyportal.ui.admin_providers.state import ProvidersState
from keyportal.ui.shared.widgets.forms import STAYS_OPEN, danger_dialog, described, field, form_buttons

_AUTH_STYLES = {
    "bearer": "Authorization: Bearer … (most servers)",
    "x-api-key": "x-api-key: …",
    "api-key": "api-key: …",
}


def provider_dialogs() -> rx.Component:
    state = ProvidersState
    return rx.fragment(
        _address_dialog(),
        _custom_dialog(),
        danger_dialog(
            is_open=state.doomed_id != "",
            on_open_change=state.keep,
            title="Delete " + state.doomed_name + "?",
            consequence="It leaves every form and list, and programs that ask for it are told that it is"
            " unknown. It can be added again under the same name.",
            act="Delete provider",
            on_confirm=state.confirm_delete,
            test_id="confirm-delete",
        ),
    )


def _address_dialog() -> rx.Component:
    state = ProvidersState
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Address of " + state.address.name),
            rx.dialog.description(
                "Where keys entered from now on are sent. Saved keys stay with the former address until their"
                " value is entered again, and programs get them for that address until then.",
                size="2",
                color="var(--gray-11)",
                padding_bottom="12px",
            ),
            rx.cond(state.address.fixed_by, _fixed_address(), _address_form()),
            max_width="520px",
            data_testid="address-form",
            **STAYS_OPEN,
        ),
        open=state.address_is_open,
        on_open_change=state.set_address_open,
    )


def _fixed_address() -> rx.Component:
    state = ProvidersState
    return rx.vstack(
        rx.text(state.address.base_url, class_name="kp-mono", size="2", overflow_wrap="anywhere"),
        rx.callout(
            rx.text(
                "The operator set this address with ",
                rx.text.span(state.address.fixed_by, class_name="kp-mono", overflow_wrap="anywhere"),
                ". Change it in the server's settings and start the server again.",
            ),
            icon="lock",
            color_scheme="gray",
            width="100%",
            data_testid="fixed-by",
        ),
        rx.hstack(
            rx.button("Close", type="button", on_click=state.set_address_open(False), data_testid="close"),
            justify="end",
            width="100%",
        ),
        spacing="4",
        width="100%",
    )


def _address_form() -> rx.Component:
    state = ProvidersState
    usual = state.address.usual
    return rx.form(
        rx.vstack(
            _address_field(
                value=state.address.base_url,
                placeholder=rx.cond(usual, usual, "https://llm.example.com/v1"),
                help_text=rx.cond(usual, "Blank means the usual one: " + usual, "It has none of its own."),
            ),
            _consequence(state.address.consequence),
            _form_problem(),
            form_buttons("Save address", state.set_address_open(False), test_id="save-address"),
            spacing="4",
            width="100%",
        ),
        on_submit=state.submit_address,
        reset_on_submit=False,
    )


def _custom_dialog() -> rx.Component:
    state = ProvidersState
    is_edit = state.form.id != ""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(rx.cond(is_edit, "Edit provider", "Add provider")),
            rx.dialog.description(
                "A server of yours, or any service, that speaks as OpenAI does.",
                size="2",
                color="var(--gray-11)",
                padding_bottom="12px",
            ),
            rx.form(
                rx.vstack(
                    _name_field(is_edit),
                    _address_field(
                        value=state.form.base_url,
                        placeholder="https://llm.example.com/v1",
                        help_text="Up to where /models or /chat/completions follow.",
                    ),
                    _consequence(state.form.consequence),
                    _auth_field(),
                    _environment_field(),
                    _form_problem(),
                    form_buttons(
                        rx.cond(is_edit, "Save changes", "Add provider"),
                        state.set_form_open(False),
                        test_id="save-provider",
                    ),
                    spacing="4",
                    width="100%",
                ),
                on_submit=state.submit_form,
                reset_on_submit=False,
            ),
            max_width="520px",
            data_testid="provider-form",
            **STAYS_OPEN,
        ),
        open=state.form_is_open,
        on_open_change=state.set_form_open,
    )


def _name_field(is_edit: rx.Var[bool]) -> rx.Component:
    state = ProvidersState
    return field(
        "Name",
        rx.el.input(
            id="name",
            name="name",
            default_value=state.form.name,
            placeholder="Such as Our GPU cluster",
            auto_complete="off",
            max_length=200,
            class_name="kp-input",
            data_testid="name",
            **described("name", _problem("name")),
        ),
        input_id="name",
        help_text=rx.cond(
            is_edit,
            "Programs go on asking for it as " + state.form.id + ".",
            "Programs ask for it by an id made from this name, such as our_gpu_cluster.",
        ),
        error=_problem("name"),
    )


def _address_field(*, value: rx.Var[str], placeholder: object, help_text: object) -> rx.Component:
    return field(
        "Base URL",
        rx.el.input(
            id="base_url",
            name="base_url",
            default_value=value,
            placeholder=placeholder,
            auto_complete="off",
            auto_capitalize="off",
            spell_check=False,
            input_mode="url",
            class_name="kp-input kp-mono",
            data_testid="base-url",
            **described("base_url", _problem("base_url")),
        ),
        input_id="base_url",
        help_text=help_text,
        error=_problem("base_url"),
    )


def _auth_field() -> rx.Component:
    return field(
        "How the key is sent",
        rx.el.select(
            *[rx.el.option(words, value=style) for style, words in _AUTH_STYLES.items()],
            id="auth_style",
            name="auth_style",
            default_value=ProvidersState.form.auth_style,
            class_name="kp-select",
            data_testid="auth-style",
            **described("auth_style", _problem("auth_style")),
        ),
        input_id="auth_style",
        error=_problem("auth_style"),
    )


def _environment_field() -> rx.Component:
    return field(
        "Environment variables",
        rx.el.input(
            id="environment_names",
            name="environment_names",
            default_value=ProvidersState.form.environment_names,
            placeholder="OUR_CLUSTER_API_KEY",
            auto_complete="off",
            auto_capitalize="characters",
            spell_check=False,
            class_name="kp-input kp-mono",
            data_testid="environment-names",
            **described("environment_names", _problem("environment_names")),
        ),
        input_id="environment_names",
        help_text="Variables of the server that may hold its key, separated by commas; each ends in"
        " _API_KEY. They are used where nobody saved one.",
        error=_problem("environment_names"),
        optional=True,
    )


def _consequence(words: rx.Var[str]) -> rx.Component:
    return rx.cond(
        words,
        rx.callout(words, icon="key-round", color_scheme="gray", size="1", width="100%",
                   data_testid="address-consequence"),
    )  # fmt: skip


def _form_problem() -> rx.Component:
    return rx.cond(
        ProvidersState.problem_field == "form",
        rx.callout(
            ProvidersState.form_problem,
            icon="circle-alert",
            color_scheme="red",
            role="alert",
            data_testid="form-problem",
        ),
    )


def _problem(name: str) -> rx.Var[str]:
    return rx.cond(ProvidersState.problem_field == name, ProvidersState.form_problem, "")
