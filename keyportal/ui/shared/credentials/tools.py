"""Beside the search: Test all, and how far it has come."""

from typing import Any

import reflex as rx

# Where focus goes when what stood there in its place is gone.
_TEST_ALL = "test-all"


def batch_line(state: Any) -> rx.Component:
    """How far Test all has come, then what it found. The place is always there, so it is read out."""
    return rx.el.div(
        rx.cond(
            state.batch_is_running,
            _progress(state),
            rx.cond(state.batch_summary != "", _summary(state), rx.fragment()),
        ),
        role="status",
        aria_live="polite",
        data_testid="batch",
    )


def test_all(state: Any) -> rx.Component:
    is_idle = state.rows.length() == 0
    return rx.button(
        rx.spinner("Test all", loading=state.batch_is_running, size="1"),
        variant="soft",
        color_scheme="gray",
        high_contrast=True,
        on_click=state.test_all,
        id=_TEST_ALL,
        aria_busy=state.batch_is_running,
        # Not `disabled`: focus would fall off it when the last key goes.
        aria_disabled=is_idle,
        title="Test the keys on this page",
        class_name=rx.cond(is_idle, "kp-test-all kp-idle", "kp-test-all"),
        data_testid="test-all",
    )


def _progress(state: Any) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.span(
                state.batch_done,
                " of ",
                state.batch_total,
                " tested",
                data_testid="batch-progress",
            ),
            rx.button(
                rx.cond(state.batch_is_stopping, "Stopping…", "Cancel"),
                variant="soft",
                color_scheme="gray",
                size="1",
                on_click=state.stop_batch,
                aria_label="Stop testing all keys",
                custom_attrs={"data-focus-after": _TEST_ALL},
                data_testid="stop-batch",
            ),
            class_name="kp-batch-words",
        ),
        rx.el.div(
            rx.el.div(
                class_name="kp-bar-done",
                width=(state.batch_done * 100 / state.batch_total).to_string() + "%",
            ),
            role="progressbar",
            aria_label="Testing the keys on this page",
            custom_attrs={
                "aria-valuemin": 0,
                "aria-valuemax": state.batch_total,
                "aria-valuenow": state.batch_done,
            },
            class_name="kp-bar",
        ),
        class_name="kp-batch",
    )


def _summary(state: Any) -> rx.Component:
    return rx.el.div(
        rx.cond(
            state.batch_is_problem,
            rx.icon("circle-alert", size=16, aria_hidden="true"),
            rx.icon("list-checks", size=16, aria_hidden="true"),
        ),
        rx.el.span(state.batch_summary, data_testid="batch-summary"),
        rx.spacer(),
        rx.icon_button(
            rx.icon("x", size=14),
            variant="ghost",
            color_scheme="gray",
            size="1",
            on_click=state.dismiss_summary,
            aria_label="Dismiss",
            custom_attrs={"data-focus-after": _TEST_ALL},
            data_testid="dismiss-summary",
        ),
        class_name=rx.cond(
            state.batch_is_problem,
            "kp-batch kp-batch-words kp-batch-problem",
            "kp-batch kp-batch-words",
        ),
    )
