"""What a list shows while it loads, when it is empty, when nothing matches."""

from typing import Any

import reflex as rx


def table_header(*columns: tuple[str, str]) -> rx.Component:
    """The columns with their classes, and one more for the actions."""
    return rx.table.header(
        rx.table.row(
            *[rx.table.column_header_cell(word, class_name=classes) for word, classes in columns],
            rx.table.column_header_cell(rx.el.span("Actions", class_name="kp-visually-hidden")),
        )
    )


def skeleton_rows(*columns: tuple[str, str], rows: int = 4) -> list[rx.Component]:
    """Rows of the final height, so that nothing jumps when the real ones come."""
    looks = ["kp-first", *[classes for _word, classes in columns[1:]], ""]
    cells = [rx.table.cell(rx.skeleton(height="16px", width="70%"), class_name=look) for look in looks]
    return [rx.table.row(*cells, class_name="kp-row", aria_hidden="true") for _ in range(rows)]


def empty_state(icon: str, title: str, teach: str, *actions: rx.Component, test_id: str) -> rx.Component:
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


def pager(
    page: rx.Var[int], pages: rx.Var[int], total: rx.Var[int], noun: str, on_previous: Any, on_next: Any
) -> rx.Component:
    return rx.hstack(
        rx.text(total, " ", rx.cond(total == 1, noun, noun + "s"), size="2", color="var(--gray-11)",
                data_testid="total"),
        rx.spacer(),
        rx.cond(
            pages > 1,
            rx.hstack(
                rx.icon_button(rx.icon("chevron-left", size=16), on_click=on_previous, disabled=page <= 1,
                               variant="soft", aria_label="Previous page", data_testid="previous-page"),
                rx.text("Page ", page, " of ", pages, size="2", white_space="nowrap"),
                rx.icon_button(rx.icon("chevron-right", size=16), on_click=on_next, disabled=page >= pages,
                               variant="soft", aria_label="Next page", data_testid="next-page"),
                align="center",
            ),
        ),
        width="100%",
        align="center",
        padding_y="12px",
    )  # fmt: skip
