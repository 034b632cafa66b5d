"""Composition of the Usage page."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.shared.layout import page
from keyportal.ui.usage.components import download_link, usage_list


def usage_page() -> rx.Component:
    return page(
        "Usage",
        "How often keys were used, by which program, and how it went.",
        usage_list(),
        route=routes.USAGE,
        action=download_link(),
    )
