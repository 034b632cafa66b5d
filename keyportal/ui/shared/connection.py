"""What every page shows while the server does not answer, instead of the framework's own words."""

import reflex as rx
from reflex.app import default_error_boundary
from reflex_components_core.core.banner import has_too_many_connection_errors


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


# Takes the place of the framework's wraps: its overlay names addresses and errors of the websocket.
APP_WRAPS = {
    (55, "ErrorBoundary"): lambda _stateful: default_error_boundary(),
    (5, "Overlay"): lambda stateful: rx.fragment(connection_line()) if stateful else None,
}
