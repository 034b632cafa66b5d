"""Composition of the API keys page."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.credentials.state import OwnCredentialsState
from keyportal.ui.shared.credentials.dialogs import key_dialogs
from keyportal.ui.shared.credentials.table import credential_list, header_actions
from keyportal.ui.shared.imports.dialog import import_dialog
from keyportal.ui.shared.imports.menu import import_items
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
        key_dialogs(OwnCredentialsState),
        import_dialog(OwnCredentialsState, whose="your own keys"),
        route=routes.API_KEYS,
        action=header_actions(
            OwnCredentialsState, *import_items(OwnCredentialsState, "/api/api-keys/export")
        ),
    )
