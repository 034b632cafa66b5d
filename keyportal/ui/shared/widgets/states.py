"""What a list shows while it loads, when it is empty, when nothing matches."""

from typing import Any

import reflex as rx


def empty_state(
    icon: str, title: rx.Var[str] | str, teach: rx.Var[str] | str, *actions: rx.Component, test_id: str
) -> rx.Component:
    return rx.center(
        rx.vstack(
            rx.box(rx.icon(icon, size=22, aria_hidden="true"), class_name="kp-empty-icon"),
            rx.heading(title, size="4", as_="h2"),
            rx.text(teach, color="var(--gray-11)", text_align="center", max_width="46ch"),
            rx.hstack(*actions, spacing="3", wrap="wrap", justify="center"),
            align="center",
            spacing="3",
        ),
        class_name="kp-empty",
        data_testid=test_id,
    )


def problem_state(problem: rx.Var[str], on_try_again: Any, on_clear: Any) -> rx.Component:
    """Stands in place of a list that could not be fetched."""
    return rx.center(
        rx.vstack(
            rx.box(
                rx.icon("circle-alert", size=22, aria_hidden="true"),
                class_name="kp-empty-icon kp-empty-problem",
            ),
            rx.heading("This list could not be shown", size="4", as_="h2"),
            rx.text(problem, color="var(--gray-11)", text_align="center", max_width="46ch"),
            rx.hstack(
                rx.button("Try again", on_click=on_try_again, data_testid="try-again"),
                rx.button("Clear search and filters", variant="soft", on_click=on_clear),
                spacing="3",
                wrap="wrap",
                justify="center",
            ),
            align="center",
            spacing="3",
        ),
        class_name="kp-empty",
        role="alert",
        data_testid="list-problem",
    )


def no_match(searched: rx.Var[str], on_clear: Any) -> rx.Component:
    return rx.center(
        rx.vstack(
            rx.text(
                "Nothing matches ", rx.text.strong(rx.cond(searched != "", searched, "these filters")), "."
            ),
            rx.button(
                "Clear search and filters", variant="soft", on_click=on_clear, data_testid="clear-filters"
            ),
            align="center",
            spacing="3",
        ),
        class_name="kp-empty",
        data_testid="no-match",
    )
