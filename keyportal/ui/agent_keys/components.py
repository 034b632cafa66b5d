"""The list of agent keys."""

import reflex as rx

from keyportal.ui.agent_keys.rows import AgentKeyItem
from keyportal.ui.agent_keys.state import AgentKeysState
from keyportal.ui.shared.table.chips import look_filter
from keyportal.ui.shared.table.table import Column, bulk_button, data_table, row_menu
from keyportal.ui.shared.widgets.badge import look_badge, moment
from keyportal.ui.shared.widgets.states import empty_state
from keyportal.ui.theme import STATUS


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
        data_table(
            state,
            search_label="Search agent keys by name",
            columns=(
                Column("Name", _name, sort="name"),
                Column("Status", lambda row: look_badge(row.status, STATUS, "status")),
                Column("Scopes", _scopes, look="kp-wide"),
                Column("Created", _created, sort="created", look="kp-widest"),
                Column("Last used", lambda row: moment(row.last_used_at), sort="last_used", look="kp-wider"),
                Column("Expires", _expires, sort="expires", label="Expires"),
            ),
            filters=(look_filter("status", "Status", STATUS, "active", "expired", "revoked"),),
            actions=_menu,
            bulk=(
                bulk_button("Revoke", state.ask_revoke_selected, icon="ban", test_id="revoke-selected"),
                bulk_button(
                    "Delete",
                    state.ask_delete_selected,
                    icon="trash-2",
                    color="red",
                    test_id="delete-selected",
                ),
            ),
            tools=_documentation_link(),
            empty=empty_state(
                "bot",
                "No agent keys yet",
                "A program asks KeyPortal for a provider's key with an agent key. Give each program"
                " its own, so that you can take one back without stopping the others.",
                add_button("add-agent-key-empty"),
                test_id="empty-agent-keys",
            ),
            row_test_id="agent-key-row",
        ),
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


def _name(row: rx.Var[AgentKeyItem]) -> rx.Component:
    return rx.box(
        rx.text(row.name, weight="medium", class_name="kp-truncate", title=row.name),
        rx.text(row.mask, class_name="kp-sub kp-mono kp-truncate", data_testid="mask"),
        min_width="0",
    )


def _scopes(row: rx.Var[AgentKeyItem]) -> rx.Component:
    return rx.text(row.scopes, class_name="kp-mono kp-scopes")


def _created(row: rx.Var[AgentKeyItem]) -> rx.Component:
    return rx.box(
        moment(row.created_at),
        rx.text("by ", row.created_by, class_name="kp-sub kp-truncate kp-by", title=row.created_by),
    )


def _expires(row: rx.Var[AgentKeyItem]) -> rx.Component:
    return rx.box(
        moment(row.expires_at),
        rx.cond(row.expires_soon, rx.text("Expires soon", class_name="kp-sub kp-attention")),
        class_name="kp-expires",
    )


def _menu(row: rx.Var[AgentKeyItem]) -> rx.Component:
    state = AgentKeysState
    return rx.box(
        row_menu(
            row.name,
            rx.dropdown_menu.item(
                "Rename", on_select=state.ask_rename(row.id, row.name, row.version), data_testid="rename"
            ),
            rx.cond(
                row.can_revoke,
                rx.fragment(
                    rx.dropdown_menu.item(
                        "Rotate…",
                        on_select=state.ask_rotate(row.id, row.name, row.version),
                        data_testid="rotate",
                    ),
                    rx.dropdown_menu.separator(),
                    rx.dropdown_menu.item(
                        "Revoke",
                        color="red",
                        on_select=state.ask_revoke(row.id, row.name),
                        data_testid="revoke",
                    ),
                ),
                rx.dropdown_menu.separator(),
            ),
            rx.dropdown_menu.item(
                "Delete", color="red", on_select=state.ask_delete(row.id, row.name), data_testid="delete"
            ),
        ),
        class_name="kp-actions",
    )
