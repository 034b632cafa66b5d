"""Composition of the Providers page."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.admin_providers.components import add_button, provider_list
from keyportal.ui.admin_providers.dialogs import provider_dialogs
from keyportal.ui.shared.layout import page


def providers_page() -> rx.Component:
    return page(
        "Providers",
        "Which providers people can use here, and where each one is.",
        provider_list(),
        provider_dialogs(),
        route=routes.PROVIDERS,
        action=add_button(),
    )
