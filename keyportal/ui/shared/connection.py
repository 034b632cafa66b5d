"""What every page shows while the server does not answer, or when it cannot be drawn: in our own words."""

import reflex as rx
from reflex_base.vars.base import Var
from reflex_components_core.base.error_boundary import ErrorBoundary
from reflex_components_core.core.banner import has_too_many_connection_errors

from keyportal.ui import routes


@rx.memo
def connection_line() -> rx.Component:
    return rx.box(
        rx.cond(
            has_too_many_connection_errors,
            rx.el.p(
                "KeyPortal does not answer. This page reconnects by itself.",
                class_name="kp-notice kp-notice-problem",
                data_testid="no-connection",
            ),
        ),
        role="status",
        aria_live="polite",
        class_name="kp-notice-place kp-offline",
    )


def _broken_page() -> rx.Component:
    """Stands in place of a page whose drawing failed. A plain link: it loads everything anew."""
    return rx.el.main(
        rx.el.h1("This page could not be shown"),
        rx.el.p("Something went wrong in the page itself; what is saved is safe. Load it again."),
        rx.el.a("Load KeyPortal again", href=routes.OVERVIEW, class_name="kp-act"),
        class_name="kp-broken",
        data_testid="broken-page",
    )


def _boundary() -> rx.Component:
    # Nothing is reported: the report would carry the sender's text into the log.
    return ErrorBoundary.create(fallback_render=Var.create(_broken_page()), on_error=rx.noop())


# Takes the place of the framework's wraps: its overlay names addresses and errors of the websocket.
APP_WRAPS = {
    (55, "ErrorBoundary"): lambda _stateful: _boundary(),
    (5, "Overlay"): lambda stateful: rx.fragment(connection_line()) if stateful else None,
}
