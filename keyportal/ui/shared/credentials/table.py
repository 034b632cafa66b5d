"""The list of keys: its columns, what a row says, and what can be done to it."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.credentials.reported import found_when, used_instead
from keyportal.ui.shared.credentials.rows import CredentialRowView
from keyportal.ui.shared.credentials.tools import batch_line, test_all
from keyportal.ui.shared.table.chips import Filter, look_filter
from keyportal.ui.shared.table.table import Column, bulk_button, data_table, row_menu
from keyportal.ui.shared.widgets.badge import look_badge, moment, tile
from keyportal.ui.shared.widgets.states import empty_state
from keyportal.ui.theme import DECISION, HEALTH, ROTATION, STATUS

_STATUSES = ("active", "inactive", "expired", "unreadable", "re_enter")


def credential_list(state: Any, *, empty_title: str, empty_text: str) -> rx.Component:
    """The whole content of a page of keys: tools, table or what stands in its place, pager."""
    return data_table(
        state,
        search_label="Search keys by name",
        columns=_columns(state),
        filters=(
            Filter("provider", "Provider", state.provider_choices, state.chosen_provider),
            look_filter("status", "Status", STATUS, *_STATUSES),
            look_filter("health", "Health", HEALTH),
            Filter("environment", "Environment", state.label_choices),
        ),
        actions=lambda row: _actions(state, row),
        bulk=_bulk(state),
        tools=test_all(state),
        above=batch_line(state),
        empty=empty_state("key-round", empty_title, empty_text, add_button(state), test_id="empty-keys"),
        row_test_id="key-row",
        opens=True,
        look="kp-keys-table",
    )


def add_button(state: Any, test_id: str = "add-key-empty") -> rx.Component:
    return rx.button(
        rx.icon("plus", size=16, aria_hidden="true"), "Add key", on_click=state.open_new, data_testid=test_id
    )


def header_actions(state: Any, *menu: rx.Component) -> rx.Component:
    """The button of the page and, where a page gives any items, its `⋯`."""
    more = rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(
            rx.icon_button(
                rx.icon("ellipsis", size=16),
                variant="soft",
                color_scheme="gray",
                aria_label="More for this list",
                data_testid="page-menu",
            )
        ),
        rx.dropdown_menu.content(*menu, align="end"),
    )
    return rx.hstack(
        more if menu else rx.fragment(), add_button(state, test_id="add-key"), spacing="2", flex="none"
    )


def _columns(state: Any) -> tuple[Column, ...]:
    return (
        Column("Name", _name, sort="name"),
        Column("Status", _status),
        Column("Health", lambda row: _health(state, row), sort="health"),
        Column("Uses", _uses, sort="usage", look="kp-number kp-wide"),
        Column("Last used", lambda row: moment(row.last_used_at), sort="last_used", look="kp-wider"),
        Column("Expires", _expires, sort="expires", look="kp-wider"),
        Column("Created", lambda row: moment(row.created_at), sort="created", look="kp-roomy"),
    )


def _bulk(state: Any) -> tuple[rx.Component, ...]:
    return (
        bulk_button("Test", state.test_selected, icon="activity", test_id="test-selected"),
        bulk_button("Activate", state.activate_selected, icon="circle-check", test_id="activate-selected"),
        bulk_button(
            "Deactivate", state.deactivate_selected, icon="circle-pause", test_id="deactivate-selected"
        ),
        bulk_button(
            "Delete", state.ask_delete_selected, icon="trash-2", color="red", test_id="delete-selected"
        ),
    )


def _name(row: rx.Var[CredentialRowView]) -> rx.Component:
    return rx.box(
        tile(row.initials),
        rx.box(
            rx.hstack(
                rx.text(row.name, weight="medium", class_name="kp-truncate", title=row.name),
                rx.cond(row.is_primary, _primary(row)),
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
                # Here, so that the name keeps its line for itself.
                rx.cond(row.environment, label_badge(row.environment)),
                rx.cond(row.mark, rx.box(look_badge(row.mark, ROTATION, "rotation"), flex="none")),
                rx.cond(row.provider_enabled, rx.fragment(), turned_off()),
                spacing="2",
                align="center",
            ),
        ),
        class_name="kp-name",
    )


def _primary(row: rx.Var[CredentialRowView]) -> rx.Component:
    return rx.badge(
        "Primary",
        variant="soft",
        color_scheme="iris",
        high_contrast=True,
        size="1",
        flex="none",
        title="Tried first for its provider" + rx.cond(row.steps_back, ". " + row.instead, ""),
        data_testid="primary",
    )


def label_badge(label: Any) -> rx.Component:
    return rx.badge(
        rx.el.span(label, class_name="kp-truncate"),
        variant="surface",
        color_scheme="gray",
        high_contrast=True,
        title=label,
        class_name="kp-label-badge",
    )


def turned_off() -> rx.Component:
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


def _status(row: rx.Var[CredentialRowView]) -> rx.Component:
    return rx.box(
        look_badge(row.status, STATUS, "status"),
        rx.cond(
            row.reminder_due,
            rx.text("Rotation is due", class_name="kp-sub kp-attention", data_testid="reminder"),
        ),
        rx.cond(row.instead, used_instead(row)),
        # Here, so that the name keeps its line for itself.
        rx.cond(
            row.stands_in,
            rx.text("In use now", title=row.stands_in, class_name="kp-sub", data_testid="in-use-now"),
        ),
        rx.cond(
            row.expires_soon,
            rx.text(
                "Expires ", moment(row.expires_at), class_name="kp-sub kp-attention kp-instead-of-column"
            ),
        ),
    )


def _uses(row: rx.Var[CredentialRowView]) -> rx.Component:
    return rx.el.span(row.usage_count, data_testid="usage-count")


def _expires(row: rx.Var[CredentialRowView]) -> rx.Component:
    return rx.box(
        rx.cond(row.expires_at, moment(row.expires_at), rx.text.span("Never", color="var(--gray-11)")),
        class_name=rx.cond(row.expires_soon, "kp-attention", ""),
        custom_attrs={"data-soon": rx.cond(row.expires_soon, "true", "false")},
        data_testid="expires",
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
            on_click=[rx.stop_propagation, state.open_check(row.id)],
            class_name="kp-badge-button",
            data_testid="open-check",
        ),
        rx.cond(row.checked_at, found_when(row)),
    )


def _actions(state: Any, row: rx.Var[CredentialRowView]) -> rx.Component:
    return rx.box(
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
        row_menu(row.name, *_menu(state, row)),
        class_name="kp-actions",
    )


def _menu(state: Any, row: rx.Var[CredentialRowView]) -> tuple[rx.Component, ...]:
    item, line = rx.dropdown_menu.item, rx.dropdown_menu.separator
    return (
        item("Open", on_select=state.open_row(row.id), data_testid="open"),
        item("Edit", on_select=state.open_edit(row.id), data_testid="edit"),
        line(),
        rx.cond(
            state.model_providers.contains(row.provider),
            item("Test a model…", on_select=state.open_model_check(row.id), data_testid="ask-model"),
        ),
        item("Last test", on_select=state.open_check(row.id), data_testid="show-check"),
        line(),
        rx.cond(
            row.can_rotate,
            item(
                rx.cond(row.mark == "waiting", "Go on rotating…", "Rotate…"),
                on_select=state.open_rotation(row.id),
                data_testid="rotate",
            ),
        ),
        rx.cond(
            row.can_be_primary,
            item("Make primary", on_select=state.make_primary(row.id), data_testid="make-primary"),
        ),
        rx.cond(
            row.is_general,
            rx.fragment(),
            item(
                "Order of " + row.provider_name + " keys…",
                on_select=state.open_order(row.provider),
                data_testid="order",
            ),
        ),
        item("Links…", on_select=state.open_links(row.id), data_testid="links"),
        line(),
        rx.cond(
            row.active,
            item("Deactivate", on_select=state.switch_active(row.id, False), data_testid="switch-active"),
            rx.cond(
                row.mark == "waits",
                rx.fragment(),
                item("Activate", on_select=state.switch_active(row.id, True), data_testid="switch-active"),
            ),
        ),
        item("Delete", color="red", on_select=state.ask_delete(row.id), data_testid="delete"),
    )
