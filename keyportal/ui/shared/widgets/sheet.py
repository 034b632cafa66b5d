"""The details of a row, in a panel at the side of the window (the whole window on a phone)."""

from typing import Any

import reflex as rx


def sheet(
    *content: rx.Component,
    is_open: rx.Var[bool],
    on_open_change: Any,
    title: Any,
    subtitle: Any = "",
    action: rx.Component | None = None,
    test_id: str,
) -> rx.Component:
    """A dialog: it takes focus and gives it back, and Escape closes it."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.box(
                rx.box(
                    rx.dialog.title(title, class_name="kp-sheet-title"),
                    rx.dialog.description(subtitle, class_name="kp-sub kp-anywhere"),
                    class_name="kp-line-words",
                ),
                action or rx.fragment(),
                rx.dialog.close(
                    rx.icon_button(
                        rx.icon("x", size=16),
                        variant="ghost",
                        color_scheme="gray",
                        aria_label="Close",
                        data_testid="close-detail",
                    )
                ),
                class_name="kp-sheet-head",
            ),
            *content,
            class_name="kp-sheet",
            data_testid=test_id,
        ),
        open=is_open,
        on_open_change=on_open_change,
    )


def section(
    title: str, *content: rx.Component, note: str = "", action: rx.Component | None = None
) -> rx.Component:
    return rx.el.section(
        rx.box(
            rx.heading(title, size="2", as_="h3"),
            rx.spacer(),
            action or rx.fragment(),
            class_name="kp-section-head",
        ),
        rx.text(note, class_name="kp-help") if note else rx.fragment(),
        *content,
        class_name="kp-section",
    )


def fact(label: Any, value: rx.Component) -> tuple[rx.Component, rx.Component]:
    """A label with its value, for a list of facts (`rx.el.dl` of class kp-facts)."""
    return rx.el.dt(label), rx.el.dd(value)


def nothing_yet(words: str) -> rx.Component:
    return rx.text(words, class_name="kp-sub")
