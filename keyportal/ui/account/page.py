"""Composition of the account page."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.account.components import account
from keyportal.ui.shared.layout import page


def account_page() -> rx.Component:
    return page("Account", "Who you are here, and where you are signed in.", account(), route=routes.ACCOUNT)
