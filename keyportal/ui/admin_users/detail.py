"""One person's details at the side: facts, sessions, keys, what happened lately."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.admin_users.components import person_menu
from keyportal.ui.admin_users.rows import KeyLine
from keyportal.ui.admin_users.state import UsersState
from keyportal.ui.shared.lines import AgentKeyLine
from keyportal.ui.shared.widgets.badge import look_badge, moment
from keyportal.ui.shared.widgets.lines import activity_item, agent_key_item, session_item, small_button
from keyportal.ui.shared.widgets.sheet import fact, nothing_yet, section, sheet
from keyportal.ui.theme import PERSON, ROLE, STATUS


def person_sheet() -> rx.Component:
    state = UsersState
    person = state.detail.person
    return sheet(
        rx.cond(
            state.detail_problem,
            rx.text(state.detail_problem, data_testid="detail-problem"),
            rx.box(_facts(), _sessions(), _keys(), _agent_keys(), _activity(), class_name="kp-sheet-body"),
        ),
        is_open=state.opened != "",
        on_open_change=state.close_row,
        title=rx.cond(person.name, person.name, "Person"),
        subtitle=person.email,
        action=rx.cond(person.id, person_menu(person), rx.fragment()),
        test_id="person-detail",
    )


def _facts() -> rx.Component:
    person = UsersState.detail.person
    return rx.el.dl(
        *fact("Status", look_badge(person.status, PERSON, "detail-status")),
        *fact("Role", look_badge(person.role, ROLE)),
        *fact("Last sign-in", moment(person.last_sign_in_at)),
        *fact("Added", moment(person.created_at)),
        rx.cond(
            person.link_expires_at,
            rx.fragment(*fact("Open link ends", moment(person.link_expires_at))),
        ),
        rx.cond(person.removed_at, rx.fragment(*fact("Removed", moment(person.removed_at)))),
        rx.cond(
            person.is_last_admin,
            rx.fragment(*fact("Last admin", rx.el.span("Cannot be demoted, deactivated or removed."))),
        ),
        class_name="kp-facts",
    )


def _sessions() -> rx.Component:
    state = UsersState
    return section(
        "Sessions",
        rx.cond(
            state.detail.sessions.length() > 0,
            rx.el.ul(
                rx.foreach(state.detail.sessions, lambda line: session_item(line, state.end_session)),
                class_name="kp-lines",
            ),
            nothing_yet("Signed in nowhere."),
        ),
        action=rx.cond(
            state.detail.sessions.length() > 1,
            small_button("Sign out everywhere", state.end_all_sessions, "end-all-sessions"),
        ),
    )


def _keys() -> rx.Component:
    keys = UsersState.detail.api_keys
    return section(
        "API keys",
        rx.cond(
            keys.length() > 0,
            rx.el.ul(rx.foreach(keys, _key), class_name="kp-lines"),
            nothing_yet("Owns no API keys."),
        ),
        note="You can delete these. Only their owner can use, test or change them.",
    )


def _key(line: rx.Var[KeyLine]) -> rx.Component:
    return rx.el.li(
        rx.box(
            rx.text(line.name, size="2", class_name="kp-truncate", title=line.name),
            rx.text(line.provider, " ", rx.text.span(line.mask, class_name="kp-mono"), class_name="kp-sub"),
            class_name="kp-line-words",
        ),
        look_badge(line.status, STATUS),
        small_button(
            "Delete", UsersState.ask_about_key("delete_key", line.id, line.name), "delete-key", "red"
        ),
        key=line.id,
        data_testid="key-line",
    )


def _agent_keys() -> rx.Component:
    keys = UsersState.detail.agent_keys
    return section(
        "Agent keys",
        rx.cond(
            keys.length() > 0,
            rx.el.ul(rx.foreach(keys, _agent_key), class_name="kp-lines"),
            nothing_yet("Has no agent keys."),
        ),
    )


def _agent_key(line: rx.Var[AgentKeyLine]) -> rx.Component:
    ask = UsersState.ask_about_key("revoke_agent_key", line.id, line.name)
    return agent_key_item(
        line, rx.cond(line.can_revoke, small_button("Revoke", ask, "revoke-agent-key", "red"))
    )


def _activity() -> rx.Component:
    detail = UsersState.detail
    return section(
        "Recent activity",
        rx.cond(
            detail.activity.length() > 0,
            rx.el.ul(rx.foreach(detail.activity, activity_item), class_name="kp-lines"),
            nothing_yet("Nothing happened yet."),
        ),
        action=rx.cond(
            detail.activity_has_more,
            rx.link(
                "All in Audit", href=f"{routes.AUDIT}?person=" + detail.person.id, class_name="kp-plain-link"
            ),
        ),
    )
