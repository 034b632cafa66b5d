"""How sessions, agent keys and events look as lines of a list (`rx.el.ul` of class kp-lines)."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.lines import ActivityLine, AgentKeyLine, SessionLine
from keyportal.ui.shared.widgets.badge import look_badge, moment
from keyportal.ui.theme import RESULT, STATUS


def session_item(line: rx.Var[SessionLine], on_end: Any) -> rx.Component:
    return rx.el.li(
        rx.box(
            rx.text(line.browser, size="2"),
            rx.text(
                rx.cond(line.address, line.address, "no address"),
                " · since ",
                moment(line.created_at),
                " · seen ",
                moment(line.last_seen_at),
                class_name="kp-sub",
            ),
            class_name="kp-line-words",
        ),
        rx.cond(
            line.is_this,
            rx.badge("This one", color_scheme="gray", high_contrast=True, data_testid="this-session"),
            small_button("Sign out", on_end(line.id), "end-session"),
        ),
        key=line.id,
        data_testid="session-line",
    )


def agent_key_item(line: rx.Var[AgentKeyLine], *actions: rx.Component) -> rx.Component:
    return rx.el.li(
        rx.box(
            rx.text(line.name, size="2", class_name="kp-truncate", title=line.name),
            rx.text(
                rx.text.span(line.mask, class_name="kp-mono"),
                rx.cond(line.last_used_at, " · used ", " · "),
                moment(line.last_used_at, "never used"),
                class_name="kp-sub",
            ),
            class_name="kp-line-words",
        ),
        look_badge(line.status, STATUS),
        *actions,
        key=line.id,
        data_testid="agent-key-line",
    )


def activity_item(line: rx.Var[ActivityLine]) -> rx.Component:
    return rx.el.li(
        rx.box(
            rx.text(line.words, rx.cond(line.what, ": " + line.what, ""), size="2", class_name="kp-anywhere"),
            rx.text(line.by, " · ", moment(line.at), class_name="kp-sub kp-anywhere"),
            class_name="kp-line-words",
        ),
        rx.cond(line.result != "ok", look_badge(line.result, RESULT)),
        key=line.id,
        data_testid="activity-line",
    )


def small_button(word: str, on_click: Any, test_id: str, color: str = "gray") -> rx.Component:
    return rx.button(
        word,
        size="1",
        variant="soft",
        color_scheme=color,
        high_contrast=color == "gray",
        on_click=on_click,
        data_testid=test_id,
    )
