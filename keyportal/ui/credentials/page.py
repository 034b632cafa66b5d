"""Composition of the API keys page."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.credentials.state import OwnCredentialsState
from keyportal.ui.shared.credentials.form import credential_dialogs
from keyportal.ui.shared.credentials.table import add_button, credential_list
from keyportal.ui.shared.layout import page


def credentials_page() -> rx.Component:
    return page(
        "API keys",
        "Your own keys. They are used before the system keys.",
        credential_list(
            OwnCredentialsState,
            empty_title="No API keys yet",
            empty_text="Save a provider's key here once. Your programs then ask KeyPortal for it,"
            " and nobody copies it into a chat again.",
        ),
        credential_dialogs(OwnCredentialsState),
        route=routes.API_KEYS,
        action=add_button(OwnCredentialsState, test_id="add-key"),
    )
