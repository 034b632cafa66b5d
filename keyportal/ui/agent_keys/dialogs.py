"""The dialogs of agent keys: create and show once, rename, revoke, delete."""

import reflex as rx

from keyportal.domain.agent_keys import DEFAULT_LIFETIME, LONGEST_LIFETIME
from keyportal.domain.principals import Scope
from keyportal.ui.agent_keys.state import NEW_VALUE_ID, SCOPE_FIELDS, AgentKeysState
from keyportal.ui.shared.session import SessionState
from keyportal.ui.shared.widgets.forms import STAYS_OPEN, danger_dialog, described, field, form_buttons

_SCOPE_WORDS = {
    Scope.RESOLVE: "Resolve keys for me",
    Scope.RESOLVE_ANY: "Resolve keys for any person",
    Scope.KEYS_READ: "List my keys, masked",
    Scope.KEYS_WRITE: "Add and change my keys",
}


def agent_key_dialogs() -> rx.Component:
    state = AgentKeysState
    is_revoke = state.doomed_act == "revoke"
    return rx.fragment(
        _new_dialog(),
        _rename_dialog(),
        danger_dialog(
            is_open=state.doomed_id != "",
            on_open_change=state.keep,
            title=rx.cond(is_revoke, "Revoke ", "Delete ") + state.doomed_name + "?",
            consequence=rx.cond(
                is_revoke,
                "Programs that use it are refused at once. It stays in this list. This cannot be undone.",
                "Programs that use it are refused at once, and it leaves this list. This cannot be undone.",
            ),
            act=rx.cond(is_revoke, "Revoke key", "Delete key"),
            on_confirm=state.confirm,
            test_id="confirm-danger",
        ),
    )


def _new_dialog() -> rx.Component:
    state = AgentKeysState
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(rx.cond(state.value_is_ready, "Copy your agent key", "Create agent key")),
            rx.dialog.description(
                rx.cond(
                    state.value_is_ready,
                    "This is the only time it is shown. Put it where the program reads it.",
                    "Its value is generated and shown once.",
                ),
                size="2",
                color="var(--gray-11)",
                padding_bottom="12px",
            ),
            # Mounted before there is a value, so that the value can be put straight into it.
            rx.box(_shown_once(), display=rx.cond(state.value_is_ready, "block", "none")),
            rx.cond(state.value_is_ready, rx.fragment(), _new_form()),
            max_width="520px",
            data_testid="agent-key-form",
            **STAYS_OPEN,
        ),
        open=state.form_is_open,
        on_open_change=state.set_form_open,
    )


def _shown_once() -> rx.Component:
    return rx.vstack(
        rx.box(
            rx.el.textarea(
                id=NEW_VALUE_ID,
                read_only=True,
                rows="2",
                aria_label="The new agent key",
                auto_complete="off",
                spell_check=False,
                class_name="kp-input kp-mono kp-whole-value",
                data_testid="new-value",
            ),
            # Mounted with the value, so that it takes the focus just then.
            rx.cond(AgentKeysState.value_is_ready, _copy_button()),
            class_name="kp-shown-once",
        ),
        rx.hstack(
            rx.button("Done", type="button", on_click=AgentKeysState.close_form, data_testid="done"),
            justify="end",
            width="100%",
        ),
        spacing="4",
        width="100%",
    )


def _copy_button() -> rx.Component:
    """What it does stands in assets/copy.js: the server has no part in it."""
    return rx.button(
        rx.icon("copy", size=14, aria_hidden="true"),
        rx.el.span("Copy", aria_live="polite"),
        type="button",
        auto_focus=True,
        custom_attrs={"data-copy-from": NEW_VALUE_ID},
        data_testid="copy-value",
    )


def _new_form() -> rx.Component:
    state = AgentKeysState
    return rx.form(
        rx.vstack(
            field(
                "Name",
                rx.el.input(
                    id="agent-name",
                    name="name",
                    placeholder="The program it is for, such as Nightly evaluation",
                    auto_complete="off",
                    class_name="kp-input",
                    data_testid="agent-name",
                    **described("agent-name", _problem("name")),
                ),
                input_id="agent-name",
                error=_problem("name"),
            ),
            rx.el.fieldset(
                rx.el.legend("It may", class_name="kp-label"),
                *[_scope_box(scope) for scope in _SCOPE_WORDS if scope is not Scope.RESOLVE_ANY],
                rx.cond(SessionState.is_admin, _scope_box(Scope.RESOLVE_ANY)),
                border="none",
                padding="0",
                margin="0",
            ),
            rx.cond(
                state.problem_field == "scopes",
                rx.text(state.form_problem, class_name="kp-error", role="alert"),
            ),
            field(
                "Days until it expires",
                rx.el.input(
                    id="agent-days",
                    name="days",
                    type="number",
                    min=1,
                    max=LONGEST_LIFETIME.days,
                    default_value=str(DEFAULT_LIFETIME.days),
                    class_name="kp-input",
                    data_testid="agent-days",
                    **described("agent-days", _problem("expires_in_days")),
                ),
                input_id="agent-days",
                help_text=f"At most {LONGEST_LIFETIME.days}.",
                error=_problem("expires_in_days"),
            ),
            rx.cond(
                state.problem_field == "form",
                rx.callout(state.form_problem, icon="circle-alert", color_scheme="red", role="alert"),
            ),
            form_buttons("Create agent key", state.close_form, test_id="create-agent-key"),
            spacing="4",
            width="100%",
        ),
        on_submit=state.submit_new,
        reset_on_submit=False,
    )


def _problem(name: str) -> rx.Var[str]:
    return rx.cond(AgentKeysState.problem_field == name, AgentKeysState.form_problem, "")


def _scope_box(scope: Scope) -> rx.Component:
    name = SCOPE_FIELDS[scope]
    return rx.el.label(
        rx.el.input(
            type="checkbox", name=name, default_checked=scope is Scope.RESOLVE, data_testid=name, value="on"
        ),
        " ",
        _SCOPE_WORDS[scope],
        display="block",
        font_size="14px",
        padding_y="3px",
    )


def _rename_dialog() -> rx.Component:
    state = AgentKeysState
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Rename agent key"),
            rx.form(
                rx.vstack(
                    field(
                        "Name",
                        rx.el.input(
                            id="new_name",
                            name="new_name",
                            default_value=state.renamed_name,
                            auto_complete="off",
                            class_name="kp-input",
                            data_testid="new-name",
                            **described("new_name", state.form_problem),
                        ),
                        input_id="new_name",
                        error=state.form_problem,
                    ),
                    form_buttons("Rename", state.set_rename_open(False), test_id="save-rename"),
                    spacing="4",
                    width="100%",
                ),
                on_submit=state.submit_rename,
                reset_on_submit=False,
            ),
            max_width="440px",
            aria_describedby="",
            **STAYS_OPEN,
        ),
        open=state.renamed_id != "",
        on_open_change=state.set_rename_open,
    )
