"""Under a table: which rows these are, how many a page has, and the way to the other pages."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.table.listing import PAGE_SIZES


def pager(state: Any) -> rx.Component:
    return rx.el.nav(
        rx.el.span(state.range_words, role="status", data_testid="total"),
        rx.spacer(),
        rx.cond(state.total > PAGE_SIZES[0], _sizes(state)),
        rx.cond(
            state.pages > 1,
            rx.hstack(
                _step("chevron-left", "Previous page", state.show_previous_page, state.page <= 1),
                rx.text("Page ", state.page, " of ", state.pages, size="2", white_space="nowrap"),
                _step("chevron-right", "Next page", state.show_next_page, state.page >= state.pages),
                align="center",
            ),
        ),
        aria_label="Pages",
        class_name="kp-pager",
    )


def _sizes(state: Any) -> rx.Component:
    return rx.el.label(
        rx.el.span("Rows", class_name="kp-sub"),
        rx.el.select(
            *[rx.el.option(str(size), value=str(size)) for size in PAGE_SIZES],
            value=state.size.to_string(),
            on_change=state.show_size,
            class_name="kp-select",
            data_testid="page-size",
        ),
        class_name="kp-sizes",
    )


def _step(icon: str, word: str, on_click: Any, is_end: Any) -> rx.Component:
    return rx.icon_button(
        rx.icon(icon, size=16),
        on_click=on_click,
        # Not `disabled`: focus would fall off it on the last page.
        aria_disabled=is_end,
        variant="soft",
        class_name=rx.cond(is_end, "kp-idle", ""),
        aria_label=word,
        data_testid=word.lower().replace(" ", "-"),
    )
