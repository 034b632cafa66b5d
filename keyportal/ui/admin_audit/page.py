"""Composition of the Audit page."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.admin_audit.components import event_list
from keyportal.ui.admin_audit.detail import event_sheet
from keyportal.ui.shared.layout import page


def audit_page() -> rx.Component:
    return page(
        "Audit",
        "Who did what to which key, when, from where, and how it ended.",
        event_list(),
        event_sheet(),
        route=routes.AUDIT,
    )
