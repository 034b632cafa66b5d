"""Composition of the Users page."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.admin_users.components import invite_button, people_list
from keyportal.ui.admin_users.detail import person_sheet
from keyportal.ui.admin_users.dialogs import people_dialogs
from keyportal.ui.shared.layout import page


def users_page() -> rx.Component:
    return page(
        "Users",
        "Who can sign in here, and what they may do.",
        people_list(),
        person_sheet(),
        people_dialogs(),
        route=routes.USERS,
        action=invite_button(),
    )
