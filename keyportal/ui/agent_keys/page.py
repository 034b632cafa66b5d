"""Composition of the Agent keys page."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.agent_keys.components import add_button, agent_key_list
from keyportal.ui.agent_keys.dialogs import agent_key_dialogs
from keyportal.ui.shared.layout import page


def agent_keys_page() -> rx.Component:
    return page(
        "Agent keys",
        "What your programs show to be given a key.",
        agent_key_list(),
        agent_key_dialogs(),
        route=routes.AGENT_KEYS,
        action=add_button(),
    )
