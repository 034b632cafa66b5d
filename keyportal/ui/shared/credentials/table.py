"""The table of keys with its tool row."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.credentials.rows import CredentialRowView
from keyportal.ui.shared.widgets.badge import look_badge, moment, tile
from keyportal.ui.shared.widgets.states import empty_state, no_match, pager, skeleton_rows, table_header
from keyportal.ui.theme import HEALTH, STATUS, Look

# Each column with the class that leaves it out where the list is narrow.
_COLUMNS = (
    ("Name", ""),
    ("Status", ""),
    ("Health", ""),
    ("Uses", "kp-number kp-wide"),
    ("Last used", "kp-wider"),
    ("Created", "kp-widest"),
)
_STATUSES = ("active", "inactive", "expired", "unreadable")


def credential_list(state: Any, *, empty_title: str, empty_text: str) -> rx.Component:
    """The whole content of a page of keys: tools, table or what stands in its place, pager."""
    is_filtered = (
        (state.query != "")
        | (state.provider_filter != "")
        | (state.status_filter != "")
        | (state.health_filter != "")
    )
    return rx.box(
        _tools(state),
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


def _tools(state: Any) -> rx.Component:
    return rx.box(
        rx.el.input(
            id="search",
            type="search",
            placeholder="Search by name",
            aria_label="Search keys by name",
            default_value=state.query,
            on_change=state.search.debounce(250),
            class_name="kp-input kp-search",
            data_testid="search",
        ),
        _provider_filter(state),
        _look_filter("status", state.status_filter, state.filter_by_status, "Any status", _STATUSES, STATUS),
        _look_filter(
            "health", state.health_filter, state.filter_by_health, "Any health", tuple(HEALTH), HEALTH
        ),
        class_name="kp-tools",
        role="search",
    )


def _provider_filter(state: Any) -> rx.Component:
    return rx.el.select(
        rx.el.option("Any provider", value=""),
        rx.foreach(state.choices, lambda choice: rx.el.option(choice.name, value=choice.id)),
        value=state.provider_filter,
        on_change=state.filter_by_provider,
        aria_label="Filter by provider",
        class_name="kp-select",
        data_testid="filter-provider",
    )


def _look_filter(
    name: str, value: Any, on_change: Any, anything: str, keys: tuple[str, ...], looks: dict[str, Look]
) -> rx.Component:
    return rx.el.select(
        rx.el.option(anything, value=""),
        *[rx.el.option(looks[key].word, value=key) for key in keys],
        value=value,
        on_change=on_change,
        aria_label=f"Filter by {name}",
        class_name="kp-select",
        data_testid=f"filter-{name}",
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
        rx.table.cell(_health(row)),
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
            rx.text(
                row.provider_name,
                " ",
                rx.text.span(row.mask, class_name="kp-mono", data_testid="mask"),
                class_name="kp-sub kp-truncate",
            ),
        ),
        class_name="kp-name",
    )


def _health(row: rx.Var[CredentialRowView]) -> rx.Component:
    return rx.box(
        rx.tooltip(
            rx.box(look_badge(row.health, HEALTH, "health"), tab_index=0, display="inline-block"),
            content=rx.cond(
                row.health_message, row.health_message + " " + row.latency, "Press Test to ask the provider."
            ),
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
                rx.dropdown_menu.item("Edit", on_select=state.open_edit(row.id), data_testid="edit"),
                rx.dropdown_menu.separator(),
                rx.dropdown_menu.item(
                    "Delete", color="red", on_select=state.ask_delete(row.id), data_testid="delete"
                ),
            ),
        ),
        class_name="kp-actions",
    )
