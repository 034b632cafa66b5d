"""The table of keys and what stands in its place."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.credentials.rows import CredentialRowView
from keyportal.ui.shared.credentials.tools import batch_line, tools
from keyportal.ui.shared.widgets.badge import look_badge, moment, tile
from keyportal.ui.shared.widgets.states import empty_state, no_match, pager, skeleton_rows, table_header
from keyportal.ui.theme import DECISION, HEALTH, STATUS

# Each column with the class that leaves it out where the list is narrow.
_COLUMNS = (
    ("Name", ""),
    ("Status", ""),
    ("Health", ""),
    ("Uses", "kp-number kp-wide"),
    ("Last used", "kp-wider"),
    ("Created", "kp-widest"),
)


def credential_list(state: Any, *, empty_title: str, empty_text: str) -> rx.Component:
    """The whole content of a page of keys: tools, table or what stands in its place, pager."""
    is_filtered = (
        (state.query != "")
        | (state.provider_filter != "")
        | (state.status_filter != "")
        | (state.health_filter != "")
    )
    return rx.box(
        tools(state),
        batch_line(state),
        rx.cond(
            state.is_loaded & (state.total == 0),
            rx.cond(
                is_filtered,
                no_match(rx.cond(state.query != "", state.query, "these filters"), state.clear_filters),
                empty_state("key-round", empty_title, empty_text, add_button(state), test_id="empty-keys"),
            ),
            rx.fragment(
                _table(state),
                pager(
                    state.page,
                    state.pages,
                    state.total,
                    "key",
                    state.show_previous_page,
                    state.show_next_page,
                ),
            ),
        ),
        class_name="kp-list",
    )


def add_button(state: Any, test_id: str = "add-key-empty") -> rx.Component:
    return rx.button(
        rx.icon("plus", size=16, aria_hidden="true"), "Add key", on_click=state.open_new, data_testid=test_id
    )


def _table(state: Any) -> rx.Component:
    return rx.table.root(
        table_header(*_COLUMNS),
        rx.table.body(
            rx.cond(
                state.is_loaded,
                rx.foreach(state.rows, lambda row: _row(state, row)),
                rx.fragment(*skeleton_rows(*_COLUMNS)),
            )
        ),
        variant="ghost",
        class_name="kp-table",
    )


def _row(state: Any, row: rx.Var[CredentialRowView]) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(_name(row), class_name="kp-first"),
        rx.table.cell(look_badge(row.status, STATUS, "status")),
        rx.table.cell(_health(state, row)),
        rx.table.cell(row.usage_count, class_name="kp-number kp-wide", data_testid="usage-count"),
        rx.table.cell(moment(row.last_used_at), class_name="kp-wider"),
        rx.table.cell(moment(row.created_at), class_name="kp-widest"),
        rx.table.cell(_actions(state, row)),
        key=row.id,
        class_name="kp-row",
        data_testid="key-row",
        custom_attrs={"data-name": row.name},
    )


def _name(row: rx.Var[CredentialRowView]) -> rx.Component:
    return rx.box(
        tile(row.initials),
        rx.box(
            rx.hstack(
                rx.text(row.name, weight="medium", class_name="kp-truncate", title=row.name),
                rx.cond(
                    row.environment,
                    rx.badge(
                        rx.el.span(row.environment, class_name="kp-truncate"),
                        variant="surface",
                        color_scheme="gray",
                        high_contrast=True,
                        title=row.environment,
                        class_name="kp-label-badge",
                    ),
                ),
                spacing="2",
                align="center",
            ),
            rx.hstack(
                rx.text(
                    row.provider_name,
                    " ",
                    rx.text.span(row.mask, class_name="kp-mono", data_testid="mask"),
                    class_name="kp-sub kp-truncate",
                ),
                rx.cond(row.provider_enabled, rx.fragment(), _turned_off()),
                spacing="2",
                align="center",
            ),
        ),
        class_name="kp-name",
    )


def _turned_off() -> rx.Component:
    look = DECISION["off"]
    return rx.badge(
        look.word,
        variant="surface",
        color_scheme=look.color,
        high_contrast=True,
        size="1",
        title="An admin turned this provider off. Programs get no key for it.",
        class_name="kp-off-badge",
        data_testid="provider-off",
    )


def _health(state: Any, row: rx.Var[CredentialRowView]) -> rx.Component:
    """The badge is a button: what the last test found stands behind it."""
    return rx.box(
        rx.el.button(
            look_badge(row.health, HEALTH, "health"),
            rx.el.span(", show the last test", class_name="kp-visually-hidden"),
            type="button",
            # Not a tooltip: that would open whenever focus comes back, over the next row's badge.
            title=rx.cond(
                row.health_message, row.health_message + " " + row.latency, "Press Test to ask the provider."
            ),
            on_click=state.open_check(row.id),
            class_name="kp-badge-button",
            data_testid="open-check",
        ),
        rx.cond(row.checked_at, rx.text(moment(row.checked_at), class_name="kp-sub")),
    )


def _actions(state: Any, row: rx.Var[CredentialRowView]) -> rx.Component:
    return rx.box(
        rx.switch(
            checked=row.active,
            on_change=lambda checked: state.switch_active(row.id, checked),
            aria_label="Use " + row.name,
            data_testid="switch-active",
            size="1",
        ),
        rx.button(
            # Not `loading`: that disables the button, and focus would fall off it.
            rx.spinner("Test", loading=state.testing_ids.contains(row.id), size="1"),
            variant="soft",
            size="1",
            aria_busy=state.testing_ids.contains(row.id),
            on_click=state.test(row.id),
            aria_label="Test " + row.name,
            data_testid="test",
        ),
        rx.dropdown_menu.root(
            rx.dropdown_menu.trigger(
                rx.icon_button(
                    rx.icon("ellipsis", size=16),
                    variant="ghost",
                    color_scheme="gray",
                    aria_label="More for " + row.name,
                    data_testid="row-menu",
                )
            ),
            rx.dropdown_menu.content(
                rx.cond(
                    state.model_providers.contains(row.provider),
                    rx.dropdown_menu.item(
                        "Test a model…", on_select=state.open_model_check(row.id), data_testid="ask-model"
                    ),
                ),
                rx.dropdown_menu.item(
                    "Last test", on_select=state.open_check(row.id), data_testid="show-check"
                ),
                rx.dropdown_menu.separator(),
                rx.dropdown_menu.item("Edit", on_select=state.open_edit(row.id), data_testid="edit"),
                rx.dropdown_menu.separator(),
                rx.dropdown_menu.item(
                    "Delete", color="red", on_select=state.ask_delete(row.id), data_testid="delete"
                ),
            ),
        ),
        class_name="kp-actions",
    )
