"""Composition of the System keys page."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.admin_system_keys.state import SystemCredentialsState
from keyportal.ui.shared.credentials.form import credential_dialogs
from keyportal.ui.shared.credentials.table import add_button, credential_list
from keyportal.ui.shared.layout import page


def system_keys_page() -> rx.Component:
    return page(
        "System keys",
        "The fallback for everybody without a key of their own.",
        credential_list(
            SystemCredentialsState,
            empty_title="No system keys yet",
            empty_text="A system key is used for people who have no key of their own for a provider."
            " Its costs are the deployment's.",
        ),
        credential_dialogs(SystemCredentialsState),
        route=routes.SYSTEM_KEYS,
        action=add_button(SystemCredentialsState, test_id="add-key"),
    )
