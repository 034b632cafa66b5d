"""The table of providers with its tool row."""

import reflex as rx

from keyportal.ui.admin_providers.rows import ProviderRowView
from keyportal.ui.admin_providers.state import ProvidersState
from keyportal.ui.shared.table.chips import Filter
from keyportal.ui.shared.table.table import Column, data_table, row_menu
from keyportal.ui.shared.widgets.badge import look_badge, tile
from keyportal.ui.theme import DECISION, KIND

_STATES = (("on", "On"), ("off", "Turned off"), ("custom", "Added here"), ("moved", "Other address"))


def add_button() -> rx.Component:
    return rx.button(
        rx.icon("plus", size=16, aria_hidden="true"),
        "Add provider",
        on_click=ProvidersState.open_new,
        data_testid="add-provider",
    )


def provider_list() -> rx.Component:
    return rx.box(
        data_table(
            ProvidersState,
            search_label="Search providers by name",
            columns=(
                Column("Provider", _name, sort="name"),
                Column("Kind", lambda row: row.kind, sort="kind", look="kp-wide"),
                Column("Saved keys", _keys, sort="keys", look="kp-number kp-keys", label="Saved keys"),
            ),
            filters=(Filter("kind", "Kind", list(KIND.items())), Filter("state", "State", _STATES)),
            actions=_actions,
            # There is always the catalogue.
            empty=rx.fragment(),
            row_test_id="provider-row",
            row_attrs=lambda row: {
                "data-provider": row.id,
                "data-enabled": rx.cond(row.enabled, "true", "false"),
                "data-keys": row.key_count,
            },
            look="kp-compact",
        ),
        on_mount=ProvidersState.forget_dialogs,
    )


def _keys(row: rx.Var[ProviderRowView]) -> rx.Component:
    return rx.box(
        rx.el.span(row.key_count, data_testid="key-count"),
        rx.cond(row.keys_to_reenter, rx.text(row.keys_to_reenter, class_name="kp-sub kp-attention")),
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
        row_menu(
            row.name,
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
        class_name="kp-actions",
    )
