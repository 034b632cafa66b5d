"""The sections of the account page."""

import reflex as rx
from reflex.style import color_mode, set_color_mode

from keyportal.ui import routes
from keyportal.ui.account.state import AccountState
from keyportal.ui.shared.session import SessionState
from keyportal.ui.shared.table.pager import pager
from keyportal.ui.shared.widgets.badge import look_badge, moment
from keyportal.ui.shared.widgets.fields import text_field
from keyportal.ui.shared.widgets.lines import activity_item, agent_key_item, session_item, small_button
from keyportal.ui.shared.widgets.password import password_field
from keyportal.ui.shared.widgets.sheet import nothing_yet, section
from keyportal.ui.shared.widgets.states import problem_state
from keyportal.ui.theme import ROLE

_THEMES = (("light", "Light", "sun"), ("dark", "Dark", "moon"), ("system", "As the system", "monitor"))


def account() -> rx.Component:
    return rx.box(
        rx.box(profile(), password(), theme(), class_name="kp-account-side"),
        rx.box(open_sessions(), agent_keys(), activity(), class_name="kp-account-side"),
        class_name="kp-account",
    )


def profile() -> rx.Component:
    state = AccountState
    return _card(
        "Profile",
        rx.el.dl(
            rx.el.dt("Email"),
            rx.el.dd(SessionState.person_email, class_name="kp-anywhere"),
            rx.el.dt("Role"),
            rx.el.dd(look_badge(state.role, ROLE, "own-role")),
            rx.el.dt("Here since"),
            rx.el.dd(moment(state.member_since)),
            class_name="kp-facts",
        ),
        rx.form(
            text_field(
                "Name",
                input_id="own-name",
                name="name",
                value=state.name,
                error=state.name_problem,
                max_length=80,
            ),
            rx.hstack(rx.button("Save name", type="submit", data_testid="save-name"), justify="end"),
            key=state.name,
            on_submit=state.submit_name,
            reset_on_submit=False,
            class_name="kp-card-form",
        ),
    )


def password() -> rx.Component:
    """A native form: its answer sets the cookie of the new session."""
    state = AccountState
    return _card(
        "Password",
        rx.cond(
            (state.password_problem != "") & (state.password_problem_field == ""),
            rx.callout(
                state.password_problem,
                icon="circle-alert",
                color_scheme="red",
                role="alert",
                width="100%",
                data_testid="password-problem",
            ),
        ),
        rx.el.form(
            password_field(
                "Current password",
                name="current_password",
                autofill="current-password",
                error=_problem("current_password"),
            ),
            password_field(
                "New password",
                name="password",
                autofill="new-password",
                error=_problem("password"),
                help_text="At least 8 characters. You are signed out everywhere else.",
                min_length=8,
            ),
            rx.hstack(
                rx.button("Change password", type="submit", data_testid="change-password"), justify="end"
            ),
            action="/api/auth/password",
            method="post",
            on_submit=None,
            class_name="kp-card-form",
        ),
    )


def theme() -> rx.Component:
    return _card(
        "Theme",
        rx.el.fieldset(
            rx.el.legend("How this browser shows the portal", class_name="kp-help"),
            *[
                rx.el.label(
                    rx.el.input(
                        type="radio",
                        name="theme",
                        value=mode,
                        checked=color_mode == mode,
                        on_change=set_color_mode(mode),
                        data_testid=f"theme-{mode}",
                    ),
                    rx.icon(icon, size=16, aria_hidden="true"),
                    word,
                    class_name="kp-theme-choice",
                )
                for mode, word, icon in _THEMES
            ],
            class_name="kp-themes",
        ),
    )


def open_sessions() -> rx.Component:
    state = AccountState
    return _card(
        "Where you are signed in",
        rx.el.ul(
            rx.foreach(state.browsers, lambda line: session_item(line, state.end_session)),
            class_name="kp-lines",
        ),
        action=rx.cond(
            state.browsers.length() > 1,
            small_button("Sign out everywhere else", state.sign_out_elsewhere, "sign-out-elsewhere"),
        ),
    )


def agent_keys() -> rx.Component:
    state = AccountState
    return _card(
        "Agent keys",
        rx.cond(
            state.agent_keys.length() > 0,
            rx.el.ul(rx.foreach(state.agent_keys, lambda line: agent_key_item(line)), class_name="kp-lines"),
            nothing_yet("You have none. A program asks for your keys with one."),
        ),
        action=rx.link(
            rx.cond(
                state.agent_keys_total > state.agent_keys.length(),
                "All " + state.agent_keys_total.to_string(),
                "Manage",
            ),
            href=routes.AGENT_KEYS,
            class_name="kp-plain-link",
            data_testid="to-agent-keys",
        ),
    )


def activity() -> rx.Component:
    state = AccountState
    return _card(
        "Activity",
        rx.cond(
            state.list_problem != "",
            problem_state(state.list_problem, state.try_again, state.clear_filters),
            rx.cond(
                state.total > 0,
                rx.fragment(
                    rx.el.ul(rx.foreach(state.rows, activity_item), class_name="kp-lines"), pager(state)
                ),
                rx.cond(
                    state.is_loaded,
                    nothing_yet("Nothing happened yet."),
                    rx.skeleton(height="120px", width="100%"),
                ),
            ),
        ),
    )


def _card(title: str, *content: rx.Component, action: rx.Component | None = None) -> rx.Component:
    return rx.box(section(title, *content, action=action), class_name="kp-panel")


def _problem(name: str) -> rx.Var[str]:
    state = AccountState
    return rx.cond(state.password_problem_field == name, state.password_problem, "")
