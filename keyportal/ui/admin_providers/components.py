"""The table of providers with its tool row."""

import reflex as rx

from keyportal.ui.admin_providers.rows import ProviderRowView
from keyportal.ui.admin_providers.state import ProvidersState
from keyportal.ui.shared.widgets.badge import look_badge, tile
from keyportal.ui.shared.widgets.states import no_match, skeleton_rows, table_header
from keyportal.ui.theme import DECISION, KIND

# Each column with the class that leaves it out where the list is narrow.
_COLUMNS = (("Provider", ""), ("Kind", "kp-wide"), ("Saved keys", "kp-number"))


def add_button() -> rx.Component:
    return rx.button(
        rx.icon("plus", size=16, aria_hidden="true"),
        "Add provider",
        on_click=ProvidersState.open_new,
        data_testid="add-provider",
    )


def provider_list() -> rx.Component:
    state = ProvidersState
    return rx.box(
        _tools(),
        rx.cond(
            state.is_loaded & (state.total == 0),
            no_match(rx.cond(state.query != "", state.query, "this filter"), state.clear_filters),
            rx.fragment(_table(), _total()),
        ),
        class_name="kp-list",
        on_mount=state.forget_dialogs,
    )


def _tools() -> rx.Component:
    state = ProvidersState
    return rx.box(
        rx.el.input(
            id="search",
            type="search",
            placeholder="Search by name",
            aria_label="Search providers by name",
            default_value=state.query,
            on_change=state.search.debounce(250),
            class_name="kp-input kp-search",
            data_testid="search",
        ),
        rx.el.select(
            rx.el.option("Any kind", value=""),
            *[rx.el.option(word, value=kind) for kind, word in KIND.items()],
            value=state.kind_filter,
            on_change=state.filter_by_kind,
            aria_label="Filter by kind",
            class_name="kp-select",
            data_testid="filter-kind",
        ),
        class_name="kp-tools",
        role="search",
    )


def _total() -> rx.Component:
    total = ProvidersState.total
    return rx.cond(
        ProvidersState.is_loaded,
        rx.text(
            total,
            rx.cond(total == 1, " provider", " providers"),
            size="2",
            color="var(--gray-11)",
            padding_y="12px",
            data_testid="total",
        ),
    )


def _table() -> rx.Component:
    return rx.table.root(
        table_header(*_COLUMNS),
        rx.table.body(
            rx.cond(
                ProvidersState.is_loaded,
                rx.foreach(ProvidersState.rows, _row),
                rx.fragment(*skeleton_rows(*_COLUMNS, rows=8)),
            )
        ),
        variant="ghost",
        class_name="kp-table kp-compact",
    )


def _row(row: rx.Var[ProviderRowView]) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(_name(row), class_name="kp-first"),
        rx.table.cell(row.kind, class_name="kp-wide"),
        rx.table.cell(
            row.key_count,
            rx.cond(row.keys_to_reenter, rx.text(row.keys_to_reenter, class_name="kp-sub kp-attention")),
            class_name=rx.cond(row.key_count, "kp-number", "kp-number kp-blank"),
            custom_attrs={"data-label": "Saved keys"},
            data_testid="key-count",
        ),
        rx.table.cell(_actions(row)),
        key=row.id,
        class_name="kp-row",
        data_testid="provider-row",
        custom_attrs={"data-provider": row.id, "data-enabled": rx.cond(row.enabled, "true", "false")},
    )


def _name(row: rx.Var[ProviderRowView]) -> rx.Component:
    return rx.box(
        tile(row.initials),
        rx.box(
            rx.hstack(
                rx.text(row.name, weight="medium", class_name="kp-truncate", title=row.name),
                rx.cond(row.enabled, rx.fragment(), look_badge("off", DECISION, "is-off")),
                rx.cond(
                    row.mark,
                    rx.box(look_badge(row.mark, DECISION, "mark"), title=row.mark_title, flex="none"),
                ),
                spacing="2",
                align="center",
            ),
            rx.cond(
                row.host,
                rx.text(row.host, class_name="kp-sub kp-truncate", title=row.address, data_testid="host"),
            ),
        ),
        class_name="kp-name",
    )


def _actions(row: rx.Var[ProviderRowView]) -> rx.Component:
    state = ProvidersState
    return rx.box(
        rx.switch(
            checked=row.enabled,
            on_change=lambda checked: state.switch_enabled(row.id, checked),
            aria_label="Use " + row.name,
            data_testid="switch-enabled",
            size="1",
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
                    row.is_custom,
                    rx.fragment(
                        rx.dropdown_menu.item("Edit", on_select=state.open_edit(row.id), data_testid="edit"),
                        rx.dropdown_menu.separator(),
                        rx.dropdown_menu.item(
                            "Delete", color="red", on_select=state.ask_delete(row.id), data_testid="delete"
                        ),
                    ),
                    rx.dropdown_menu.item(
                        rx.cond(row.mark == "fixed", "See address", "Change address"),
                        on_select=state.open_address(row.id),
                        data_testid="change-address",
                    ),
                ),
            ),
        ),
        class_name="kp-actions",
    )
