"""Composition of the Overview page."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.overview.components import chains
from keyportal.ui.shared.layout import page


def overview_page() -> rx.Component:
    return page(
        "Overview",
        "Which key is used for you right now, per provider, and why.",
        chains(),
        route=routes.OVERVIEW,
    )
