"""A new agent key's value, the one time it is shown, and how a program begins with it."""

import reflex as rx

from keyportal.ui.agent_keys.rows import ENVIRONMENT_ID, NEW_VALUE_ID
from keyportal.ui.agent_keys.state import AgentKeysState
from keyportal.ui.shared.widgets.copying import copy_button

_CURL_ID, _PYTHON_ID = "agent-key-curl", "agent-key-python"


def shown_once() -> rx.Component:
    state = AgentKeysState
    return rx.vstack(
        rx.box(
            _value(),
            # Mounted with the value, so that it takes the focus just then.
            rx.cond(state.value_is_ready, copy_button(NEW_VALUE_ID, "copy-value", takes_focus=True)),
            class_name="kp-shown-once",
        ),
        rx.text("Use it", as_="p", size="2", weight="medium"),
        rx.tabs.root(
            rx.tabs.list(
                rx.tabs.trigger("curl", value="curl", data_testid="snippet-curl"),
                rx.tabs.trigger("Python", value="python", data_testid="snippet-python"),
                rx.tabs.trigger("Environment", value="environment", data_testid="snippet-environment"),
                size="1",
            ),
            _snippet("curl", _CURL_ID, 2, value=state.snippets.curl),
            _snippet("python", _PYTHON_ID, 9, value=state.snippets.python),
            _snippet("environment", ENVIRONMENT_ID, 2),
            default_value="curl",
            width="100%",
            class_name="kp-snippets",
        ),
        rx.hstack(
            rx.button("Done", type="button", on_click=state.close_form, data_testid="done"),
            justify="end",
            width="100%",
        ),
        spacing="3",
        width="100%",
    )


def _value() -> rx.Component:
    return rx.el.textarea(
        id=NEW_VALUE_ID,
        read_only=True,
        rows="2",
        aria_label="The new agent key",
        auto_complete="off",
        spell_check=False,
        class_name="kp-input kp-mono kp-whole-value",
        data_testid="new-value",
    )


def _snippet(tab: str, input_id: str, rows: int, **value: rx.Var[str]) -> rx.Component:
    """Stays mounted behind the other tabs: a value can only be put into what is there."""
    return rx.tabs.content(
        rx.el.textarea(
            id=input_id,
            read_only=True,
            rows=str(rows),
            wrap="off",
            aria_label=f"How to use it: {tab}",
            auto_complete="off",
            spell_check=False,
            class_name="kp-input kp-mono kp-snippet",
            data_testid=f"snippet-{tab}-text",
            **value,
        ),
        copy_button(input_id, f"copy-{tab}"),
        value=tab,
        force_mount=True,
    )
