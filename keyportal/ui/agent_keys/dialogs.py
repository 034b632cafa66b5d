"""The dialogs of agent keys: create or rotate and show once, rename, revoke, delete."""

import reflex as rx

from keyportal.domain.agent_keys import DEFAULT_OVERLAP, OVERLAPS
from keyportal.domain.principals import Scope
from keyportal.ui.agent_keys.rows import ON_A_DAY, SCOPE_FIELDS
from keyportal.ui.agent_keys.shown_once import shown_once
from keyportal.ui.agent_keys.state import AgentKeysState
from keyportal.ui.shared.session import SessionState
from keyportal.ui.shared.widgets.forms import (
    GUARDED,
    STAYS_OPEN,
    check_box,
    danger_dialog,
    described,
    dialog_form,
    discard_bar,
    field,
    form_buttons,
    form_problem,
    text_field,
)

_SCOPES = {
    Scope.RESOLVE: ("Resolve keys for me", "Asks which key to use for a provider, and is given its value."),
    Scope.KEYS_READ: ("List my keys", "Sees names, masks, status and use. Never a value."),
    Scope.KEYS_WRITE: ("Manage my keys", "Adds, changes, tests and deletes keys. Never reads a value back."),
    Scope.RESOLVE_ANY: (
        "Resolve keys for anybody",
        "A service agent: names the person it acts for and is given that person's key.",
    ),
}
_OVERLAP_WORDS = {0: "At once", 1: "After 1 day", 7: "After 7 days", 30: "After 30 days"}


def agent_key_dialogs() -> rx.Component:
    state = AgentKeysState
    is_revoke, is_one = state.doomed_act == "revoke", state.doomed_ids.length() == 1
    return rx.fragment(
        _issuing_dialog(),
        _rename_dialog(),
        danger_dialog(
            is_open=state.doomed_ids.length() > 0,
            on_open_change=state.keep,
            title=rx.cond(is_revoke, "Revoke ", "Delete ") + state.doomed_name + "?",
            consequence=rx.cond(
                is_one,
                "Programs that use it are refused at once. ",
                "Programs that use them are refused at once. ",
            )
            + rx.cond(
                is_revoke,
                rx.cond(is_one, "It stays in this list. ", "They stay in this list. "),
                rx.cond(is_one, "It leaves this list. ", "They leave this list. "),
            )
            + "This cannot be undone.",
            act=rx.cond(is_revoke, "Revoke", "Delete"),
            on_confirm=state.confirm,
            test_id="confirm-danger",
        ),
    )


def _issuing_dialog() -> rx.Component:
    state = AgentKeysState
    is_rotation = state.rotated_id != ""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(
                rx.cond(
                    state.value_is_ready,
                    "Copy " + state.issued_name,
                    rx.cond(is_rotation, "Rotate " + state.rotated_name, "Create agent key"),
                ),
                class_name="kp-dialog-title",
            ),
            rx.dialog.description(
                rx.cond(
                    state.value_is_ready,
                    "This is the only time its value is shown. Put it where the program reads it.",
                    rx.cond(
                        is_rotation,
                        "A new value gets the same name, scopes and length of life, and is shown once.",
                        "Its value is generated and shown once.",
                    ),
                ),
                size="2",
                class_name="kp-dialog-description",
            ),
            # Mounted before there is a value, so that the value can be put straight into it.
            rx.box(shown_once(), display=rx.cond(state.value_is_ready, "block", "none")),
            rx.cond(
                state.value_is_ready,
                rx.fragment(),
                rx.cond(is_rotation, _rotation_form(), _new_form()),
            ),
            max_width="520px",
            data_testid="agent-key-form",
            **STAYS_OPEN,
        ),
        open=state.form_is_open,
        on_open_change=state.set_form_open,
    )


def _new_form() -> rx.Component:
    state = AgentKeysState
    return _form(
        text_field(
            "Name",
            input_id="agent-name",
            name="name",
            placeholder="The program it is for, such as Nightly evaluation",
            max_length=80,
            error=_problem("name"),
        ),
        _scope_fields(),
        _lifetime_field(),
        rx.cond(state.lifetime == ON_A_DAY, _day_field()),
        form_id="new-agent-key",
        save="Create agent key",
        save_test_id="create-agent-key",
        on_submit=state.submit_new,
    )


def _rotation_form() -> rx.Component:
    state = AgentKeysState
    return _form(
        field(
            "The old value ends",
            rx.el.select(
                *[rx.el.option(_OVERLAP_WORDS[days], value=str(days)) for days in OVERLAPS],
                id="overlap",
                name="overlap_days",
                default_value=str(DEFAULT_OVERLAP),
                class_name="kp-select",
                data_testid="overlap",
                **described("overlap", _problem("overlap_days")),
            ),
            input_id="overlap",
            help_text="Until then both values work. It is called “(old)” and never lives longer than before.",
            error=_problem("overlap_days"),
        ),
        form_id="rotate-agent-key",
        save="Rotate agent key",
        save_test_id="confirm-rotate",
        on_submit=state.submit_rotation,
    )


def _form(
    *fields: rx.Component, form_id: str, save: str, save_test_id: str, on_submit: rx.event.EventType
) -> rx.Component:
    state = AgentKeysState
    return rx.form(
        rx.vstack(
            *fields,
            form_problem(_problem("form")),
            discard_bar(),
            form_buttons(save, state.close_form, test_id=save_test_id),
            spacing="4",
            width="100%",
        ),
        id=form_id,
        key=state.form_number,
        on_submit=on_submit,
        reset_on_submit=False,
        custom_attrs={"data-problem": state.problem_number, **GUARDED},
    )


def _scope_fields() -> rx.Component:
    usual = [scope for scope in _SCOPES if scope is not Scope.RESOLVE_ANY]
    return rx.el.fieldset(
        rx.el.legend("It may", class_name="kp-label"),
        rx.vstack(
            *[_scope_box(scope) for scope in usual],
            rx.cond(SessionState.is_admin, _scope_box(Scope.RESOLVE_ANY)),
            spacing="3",
            padding_top="8px",
        ),
        rx.cond(
            AgentKeysState.problem_field == "scopes",
            rx.text(AgentKeysState.form_problem, class_name="kp-error", role="alert"),
        ),
        class_name="kp-fieldset",
    )


def _scope_box(scope: Scope) -> rx.Component:
    name, (words, sentence) = SCOPE_FIELDS[scope], _SCOPES[scope]
    return check_box(
        words, name=name, is_on=scope is Scope.RESOLVE, help_text=sentence, data_testid=name, value="on"
    )


def _lifetime_field() -> rx.Component:
    state = AgentKeysState
    return field(
        "Lives for",
        rx.el.select(
            rx.foreach(state.lifetime_choices, lambda one: rx.el.option(one.label, value=one.value)),
            id="agent-days",
            name="days",
            value=state.lifetime,
            on_change=state.choose_lifetime,
            class_name="kp-select",
            data_testid="agent-days",
            **described("agent-days", _problem("expires_in_days")),
        ),
        input_id="agent-days",
        help_text="At most "
        + state.longest_days.to_string()
        + " days here. You can rotate it before it ends.",
        error=_problem("expires_in_days"),
    )


def _day_field() -> rx.Component:
    return field(
        "Expires on",
        rx.el.input(
            id="expires-on",
            name="expires_on",
            type="date",
            class_name="kp-input",
            data_testid="expires-on",
            **described("expires-on", _problem("expires_on")),
        ),
        input_id="expires-on",
        help_text="At the first moment of that day, UTC.",
        error=_problem("expires_on"),
    )


def _rename_dialog() -> rx.Component:
    state = AgentKeysState
    wrong = rx.cond(state.problem_field == "name", state.form_problem, "")
    return dialog_form(
        text_field(
            "Name",
            input_id="new_name",
            value=state.renamed_name,
            max_length=80,
            error=wrong,
            test_id="new-name",
        ),
        is_open=state.renamed_id != "",
        on_open_change=state.set_rename_open,
        title="Rename agent key",
        form_id="rename-agent-key",
        form_key=state.renamed_id,
        on_submit=state.submit_rename,
        save="Rename",
        on_cancel=state.set_rename_open(False),
        problem=_problem("form"),
        problem_number=state.problem_number,
        test_id="rename-form",
        save_test_id="save-rename",
    )


def _problem(name: str) -> rx.Var[str]:
    return rx.cond(AgentKeysState.problem_field == name, AgentKeysState.form_problem, "")
