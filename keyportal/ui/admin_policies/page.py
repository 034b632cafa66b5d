"""Composition of the Policies page."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.admin_policies.components import policy_sections
from keyportal.ui.shared.layout import page


def policies_page() -> rx.Component:
    return page(
        "Policies",
        "Rules that hold for everybody here. A change counts from the next request on.",
        policy_sections(),
        route=routes.POLICIES,
    )
