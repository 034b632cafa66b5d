"""What a test found, the same in the form and in the dialog of the last test."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.credentials.check_values import CheckShown
from keyportal.ui.shared.widgets.badge import look_badge, moment
from keyportal.ui.theme import HEALTH


def check_result(check: rx.Var[CheckShown], *, is_running: Any, test_id: str) -> rx.Component:
    """The place is always there, so that what comes into it is read out."""
    return rx.el.div(
        rx.cond(
            is_running,
            rx.hstack(
                rx.spinner(size="1"),
                rx.text("Asking the provider…", size="2", color="var(--gray-11)"),
                align="center",
                spacing="2",
            ),
            rx.cond(check.outcome != "", _found(check), rx.fragment()),
        ),
        role="status",
        aria_live="polite",
        class_name="kp-check",
        data_testid=test_id,
    )


def _found(check: rx.Var[CheckShown]) -> rx.Component:
    return rx.box(
        rx.hstack(
            look_badge(check.outcome, HEALTH, "check-outcome"),
            rx.text(moment(check.checked_at), class_name="kp-sub"),
            align="center",
            spacing="2",
            wrap="wrap",
        ),
        rx.text(check.message, size="2", class_name="kp-check-words"),
        rx.el.dl(
            _fact("Response time", check.latency),
            _fact("HTTP status", check.http_status),
            _fact("Provider's code", check.code, is_code=True),
            _fact("Balance", check.balance),
            _fact("Can see", check.models_count),
            rx.cond(
                check.model != "",
                rx.fragment(
                    rx.el.dt("Model"),
                    rx.el.dd(
                        rx.el.span(check.model, class_name="kp-mono kp-check-model"),
                        rx.cond(
                            check.model_outcome != "",
                            look_badge(check.model_outcome, HEALTH, "model-outcome"),
                        ),
                        class_name="kp-check-asked",
                    ),
                ),
            ),
            class_name="kp-facts",
        ),
    )


def _fact(label: str, value: rx.Var[str], *, is_code: bool = False) -> rx.Component:
    return rx.cond(
        value != "",
        rx.fragment(rx.el.dt(label), rx.el.dd(value, class_name="kp-mono" if is_code else "")),
    )
