"""The page for an address that leads nowhere."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.shared.layout import outside_page


def not_found_page() -> rx.Component:
    return outside_page(
        "There is no page here",
        rx.text("The address may be misspelt, or the page moved.", size="2", color="var(--gray-11)"),
        rx.link(rx.button("Go to the overview", margin_top="16px"), href=routes.OVERVIEW),
    )
