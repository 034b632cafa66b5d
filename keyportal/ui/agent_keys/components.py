"""The list of agent keys."""

import reflex as rx

from keyportal.ui.agent_keys.state import AgentKeyRow, AgentKeysState
from keyportal.ui.shared.widgets.badge import look_badge, moment
from keyportal.ui.shared.widgets.states import empty_state, no_match, pager, skeleton_rows, table_header
from keyportal.ui.theme import STATUS

# Each column with the class that leaves it out where the list is narrow.
_COLUMNS = (
    ("Name", ""),
    ("Status", ""),
    ("May", "kp-wide"),
    ("Created", "kp-widest"),
    ("Last used", "kp-wider"),
    ("Expires", ""),
)


def add_button(test_id: str = "add-agent-key") -> rx.Component:
    return rx.button(
        rx.icon("plus", size=16, aria_hidden="true"),
        "Create agent key",
        on_click=AgentKeysState.open_new,
        data_testid=test_id,
    )


def agent_key_list() -> rx.Component:
    state = AgentKeysState
    return rx.box(
        rx.box(
            rx.el.input(
                id="search",
                type="search",
                placeholder="Search by name",
                aria_label="Search agent keys by name",
                default_value=state.query,
                on_change=state.search.debounce(250),
                class_name="kp-input kp-search",
                data_testid="search",
            ),
            _documentation_link(),
            class_name="kp-tools",
            role="search",
        ),
        rx.cond(
            state.is_loaded & (state.total == 0),
            rx.cond(
                state.query != "",
                no_match(state.query, state.clear_filters),
                empty_state(
                    "bot",
                    "No agent keys yet",
                    "A program asks KeyPortal for a provider's key with an agent key. Give each program"
                    " its own, so that you can take one back without stopping the others.",
                    add_button("add-agent-key-empty"),
                    test_id="empty-agent-keys",
                ),
            ),
            rx.fragment(
                _table(),
                pager(
                    state.page,
                    state.pages,
                    state.total,
                    "agent key",
                    state.show_previous_page,
                    state.show_next_page,
                ),
            ),
        ),
        class_name="kp-list",
        on_mount=state.forget_dialogs,
    )


def _documentation_link() -> rx.Component:
    return rx.el.a(
        "REST documentation",
        rx.icon("external-link", size=13, aria_hidden="true"),
        href="/api/docs",
        target="_blank",
        rel="noopener",
        class_name="kp-plain-link",
        data_testid="api-docs",
    )


def _table() -> rx.Component:
    return rx.table.root(
        table_header(*_COLUMNS),
        rx.table.body(
            rx.cond(
                AgentKeysState.is_loaded,
                rx.foreach(AgentKeysState.rows, _row),
                rx.fragment(*skeleton_rows(*_COLUMNS)),
            )
        ),
        variant="ghost",
        class_name="kp-table",
    )


def _row(row: rx.Var[AgentKeyRow]) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(
            rx.box(
                rx.text(row.name, weight="medium", class_name="kp-truncate", title=row.name),
                rx.text(
                    rx.text.span(row.mask, class_name="kp-mono"),
                    " by ",
                    row.created_by,
                    class_name="kp-sub kp-truncate",
                ),
                min_width="0",
            ),
            class_name="kp-first",
        ),
        rx.table.cell(look_badge(row.status, STATUS, "status")),
        rx.table.cell(rx.text(row.scopes, class_name="kp-mono kp-scopes"), class_name="kp-wide"),
        rx.table.cell(moment(row.created_at), class_name="kp-widest"),
        rx.table.cell(moment(row.last_used_at), class_name="kp-wider"),
        rx.table.cell(moment(row.expires_at), custom_attrs={"data-label": "Expires"}),
        rx.table.cell(_menu(row)),
        key=row.id,
        class_name="kp-row",
        data_testid="agent-key-row",
        custom_attrs={"data-name": row.name},
    )


def _menu(row: rx.Var[AgentKeyRow]) -> rx.Component:
    return rx.box(
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
                rx.dropdown_menu.item(
                    "Rename", on_select=AgentKeysState.ask_rename(row.id, row.name), data_testid="rename"
                ),
                rx.dropdown_menu.separator(),
                rx.cond(
                    row.can_revoke,
                    rx.dropdown_menu.item(
                        "Revoke",
                        color="red",
                        on_select=AgentKeysState.ask_revoke(row.id, row.name),
                        data_testid="revoke",
                    ),
                ),
                rx.dropdown_menu.item(
                    "Delete",
                    color="red",
                    on_select=AgentKeysState.ask_delete(row.id, row.name),
                    data_testid="delete",
                ),
            ),
        ),
        class_name="kp-actions",
    )
