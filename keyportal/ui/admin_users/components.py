"""The table of people."""

import reflex as rx

from keyportal.ui.admin_users.rows import PersonRow
from keyportal.ui.admin_users.state import UsersState
from keyportal.ui.shared.table.chips import look_filter
from keyportal.ui.shared.table.table import Column, data_table, row_menu
from keyportal.ui.shared.widgets.badge import look_badge, moment, tile
from keyportal.ui.shared.widgets.states import empty_state
from keyportal.ui.theme import PERSON, ROLE


def invite_button(test_id: str = "invite") -> rx.Component:
    return rx.button(
        rx.icon("user-plus", size=16, aria_hidden="true"),
        "Invite person",
        on_click=UsersState.open_invite,
        data_testid=test_id,
    )


def people_list() -> rx.Component:
    return rx.box(
        data_table(
            UsersState,
            search_label="Search people by name or email",
            columns=(
                Column("Name", _name, sort="name"),
                Column("Role", lambda row: look_badge(row.role, ROLE, "role")),
                Column("Status", lambda row: look_badge(row.status, PERSON, "status")),
                Column("API keys", lambda row: row.keys_owned, look="kp-number kp-wider", label="API keys"),
                Column("Sessions", _sessions, look="kp-number kp-wider", label="Sessions"),
                Column(
                    "Last sign-in",
                    lambda row: moment(row.last_sign_in_at),
                    sort="last_sign_in",
                    look="kp-wide",
                    label="Last sign-in",
                ),
                Column("Added", lambda row: moment(row.created_at), sort="created", look="kp-widest"),
            ),
            filters=(look_filter("role", "Role", ROLE), look_filter("status", "Status", PERSON)),
            actions=_menu,
            empty=empty_state(
                "users",
                "Nobody here yet",
                "Invite the people of your team. Each gets a link that works once.",
                invite_button("invite-empty"),
                test_id="empty-users",
            ),
            row_test_id="user-row",
            opens=True,
            row_attrs=lambda row: {"data-email": row.email, "data-status": row.status},
        ),
        on_mount=UsersState.forget_dialogs,
    )


def person_menu(row: rx.Var[PersonRow]) -> rx.Component:
    """All that can be done to a person; what cannot is not there."""
    return row_menu(
        row.name,
        rx.dropdown_menu.item("Details", on_select=UsersState.open_row(row.id), data_testid="details"),
        rx.cond(
            row.is_present,
            rx.dropdown_menu.item(
                "Edit name and role", on_select=UsersState.open_edit(row.id), data_testid="edit"
            ),
        ),
        rx.cond(
            row.link_act,
            rx.dropdown_menu.item(
                row.link_act,
                on_select=UsersState.ask_link(row.id, row.name, row.link_act),
                data_testid="new-link",
            ),
        ),
        rx.cond(
            row.can_reactivate,
            rx.dropdown_menu.item(
                "Reactivate", on_select=UsersState.ask("reactivate", row.id), data_testid="reactivate"
            ),
        ),
        rx.cond(
            row.can_deactivate | row.can_remove,
            rx.fragment(
                rx.dropdown_menu.separator(),
                rx.cond(
                    row.can_deactivate,
                    rx.dropdown_menu.item(
                        "Deactivate",
                        color="var(--red-11)",
                        on_select=UsersState.ask("deactivate", row.id),
                        data_testid="deactivate",
                    ),
                ),
                rx.dropdown_menu.item(
                    "Remove",
                    color="var(--red-11)",
                    on_select=UsersState.ask("remove", row.id),
                    data_testid="remove",
                ),
            ),
        ),
    )


def _menu(row: rx.Var[PersonRow]) -> rx.Component:
    return rx.box(person_menu(row), class_name="kp-actions")


def _name(row: rx.Var[PersonRow]) -> rx.Component:
    return rx.box(
        tile(row.initials),
        rx.box(
            rx.hstack(
                rx.text(row.name, weight="medium", class_name="kp-truncate", title=row.name),
                rx.cond(row.is_you, rx.badge("You", color_scheme="gray", high_contrast=True)),
                align="center",
                spacing="2",
            ),
            rx.text(row.email, class_name="kp-sub kp-truncate", title=row.email),
            min_width="0",
        ),
        class_name="kp-name",
    )


def _sessions(row: rx.Var[PersonRow]) -> rx.Component:
    return rx.cond(row.sessions_open > 0, rx.el.span(row.sessions_open), rx.el.span("–"))
