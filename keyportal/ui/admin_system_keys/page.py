"""Composition of the System keys page."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.admin_system_keys.state import SystemCredentialsState
from keyportal.ui.shared.credentials.dialogs import key_dialogs
from keyportal.ui.shared.credentials.table import credential_list, header_actions
from keyportal.ui.shared.imports.dialog import import_dialog
from keyportal.ui.shared.imports.menu import import_items
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
        key_dialogs(SystemCredentialsState),
        import_dialog(SystemCredentialsState, whose="system keys"),
        route=routes.SYSTEM_KEYS,
        action=header_actions(
            SystemCredentialsState, *import_items(SystemCredentialsState, "/api/admin/api-keys/export")
        ),
    )
