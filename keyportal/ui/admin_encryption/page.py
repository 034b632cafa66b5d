"""Composition of the page of the encryption key."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.admin_encryption.components import standing
from keyportal.ui.admin_encryption.guide import guides
from keyportal.ui.admin_encryption.state import EncryptionState
from keyportal.ui.admin_encryption.tables import key_table, servers
from keyportal.ui.shared.layout import page


def encryption_page() -> rx.Component:
    return page(
        "Encryption key",
        "The key that seals every saved value, and what still needs a former one.",
        rx.box(
            standing(),
            rx.cond(EncryptionState.is_loaded, rx.fragment(key_table(), servers(), guides())),
            class_name="kp-encryption",
        ),
        route=routes.ENCRYPTION,
    )
