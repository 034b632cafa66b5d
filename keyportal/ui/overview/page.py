"""Composition of the Overview page."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.overview.components import overview
from keyportal.ui.shared.layout import page


def overview_page() -> rx.Component:
    return page(
        "Overview",
        "What needs you, and which key is used for you right now.",
        overview(),
        route=routes.OVERVIEW,
    )
