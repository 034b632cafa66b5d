"""One event with every field it has."""

import reflex as rx

from keyportal.ui.admin_audit.rows import Fact
from keyportal.ui.admin_audit.state import AuditState
from keyportal.ui.shared.widgets.badge import clock, look_badge
from keyportal.ui.shared.widgets.copying import copy_button
from keyportal.ui.shared.widgets.sheet import fact, section, sheet
from keyportal.ui.theme import PRINCIPAL, RESULT

_RESOLUTIONS_ID = "resolution-ids"


def event_sheet() -> rx.Component:
    state = AuditState
    shown = state.shown
    return sheet(
        rx.cond(
            state.shown_problem,
            rx.text(state.shown_problem, data_testid="detail-problem"),
            rx.box(_facts(), _details(), _resolutions(), _chain(), class_name="kp-sheet-body"),
        ),
        is_open=state.opened != "",
        on_open_change=state.close_row,
        title=rx.cond(shown.row.words, shown.row.words, "Event"),
        subtitle=shown.row.what,
        action=rx.cond(
            shown.link,
            rx.link(shown.link_word, href=shown.link, class_name="kp-plain-link", data_testid="to-object"),
        ),
        test_id="event-detail",
    )


def _facts() -> rx.Component:
    row = AuditState.shown.row
    return rx.el.dl(
        *fact("When", rx.moment(row.at, format="D MMM YYYY, HH:mm:ss", with_title=True)),
        *fact(
            "Who",
            rx.hstack(
                look_badge(row.who_kind, PRINCIPAL),
                rx.el.span(row.who, class_name="kp-anywhere"),
                wrap="wrap",
            ),
        ),
        *fact("Result", look_badge(row.result, RESULT)),
        rx.foreach(AuditState.shown.facts, _fact),
        class_name="kp-facts",
    )


def _details() -> rx.Component:
    details = AuditState.shown.details
    return rx.cond(
        details.length() > 0,
        section("Details", rx.el.dl(rx.foreach(details, _fact), class_name="kp-facts")),
    )


def _resolutions() -> rx.Component:
    """The ids of the uses an event stands for: what programs were told, and what their reports name."""
    shown = AuditState.shown
    return rx.cond(
        shown.resolutions,
        section(
            "Resolution ids",
            rx.text(
                "This event stands for ",
                shown.uses,
                " uses. Each has an id of its own.",
                class_name="kp-help",
            ),
            rx.el.textarea(
                id=_RESOLUTIONS_ID,
                value=shown.resolutions,
                read_only=True,
                rows=shown.lines,
                wrap="off",
                aria_label="Resolution ids",
                auto_complete="off",
                spell_check=False,
                class_name="kp-input kp-mono kp-snippet",
                data_testid="resolutions",
            ),
            rx.cond(shown.others, rx.text(shown.others, class_name="kp-sub", data_testid="more-resolutions")),
            action=copy_button(_RESOLUTIONS_ID, "copy-resolutions"),
        ),
    )


def _chain() -> rx.Component:
    return section(
        "Chain",
        rx.text(AuditState.shown.chain, "…", class_name="kp-mono kp-sub", data_testid="chain-value"),
        note="Made from this event and the one before it. A change of either would show.",
    )


def _fact(one: rx.Var[Fact]) -> rx.Component:
    return rx.fragment(
        rx.el.dt(one.label),
        rx.el.dd(
            rx.cond(
                one.link,
                rx.link(one.value, href=one.link, data_testid="to-resolution"),
                rx.cond(one.at, clock(one.at), one.value),
            ),
            class_name=rx.cond(one.is_mono, "kp-mono", ""),
        ),
    )
