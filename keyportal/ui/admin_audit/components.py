"""The table of events, the days to look at, the file, and the state of the chain."""

from typing import Any

import reflex as rx

from keyportal.ui.admin_audit.rows import EventRow
from keyportal.ui.admin_audit.state import AuditState
from keyportal.ui.shared.table.chips import Filter, look_filter
from keyportal.ui.shared.table.table import Column, data_table
from keyportal.ui.shared.widgets.badge import clock, look_badge, moment
from keyportal.ui.shared.widgets.states import empty_state
from keyportal.ui.theme import ACTION_GROUPS, PRINCIPAL, RESULT

_RANGES = (
    ("today", "Today (UTC)"),
    ("7d", "Last 7 days"),
    ("30d", "Last 30 days"),
    ("days", "Choose days"),
)


def event_list() -> rx.Component:
    state = AuditState
    return data_table(
        state,
        search_label="Search by object, person or id",
        columns=(
            Column("What", _what),
            Column("Who", _who, look="kp-who"),
            Column("Result", lambda row: look_badge(row.result, RESULT, "result")),
            Column(
                "From", lambda row: rx.el.span(row.address, class_name="kp-mono kp-small"), look="kp-wider"
            ),
            Column("When", lambda row: moment(row.at), look="kp-number"),
        ),
        filters=(
            Filter("person", "Person", state.people, state.person_word),
            Filter("action", "Action", list(ACTION_GROUPS.items())),
            look_filter("result", "Result", RESULT),
            Filter("within", "Time", _RANGES),
        ),
        tools=_export(),
        above=rx.fragment(rx.cond(state.filters["within"] == "days", _days()), chain_panel()),
        actions=_open_button,
        empty=empty_state(
            "scroll-text",
            "Nothing on the trail yet",
            "Whatever anybody does with a key is written here.",
            test_id="empty-audit",
        ),
        row_test_id="event-row",
        look="kp-audit",
        opens=True,
        row_attrs=lambda row: {"data-action": row.action, "data-result": row.result},
    )


def chain_panel() -> rx.Component:
    """How the last look at the chain went; loud where it is broken."""
    state = AuditState
    return rx.box(
        rx.cond(
            state.verified.broken_at != "",
            rx.icon("shield-alert", size=18, aria_hidden="true"),
            rx.cond(
                state.verified.is_known,
                rx.icon("shield-check", size=18, aria_hidden="true"),
                rx.icon("shield-question", size=18, aria_hidden="true"),
            ),
        ),
        rx.box(
            rx.cond(
                state.is_verifying,
                rx.el.span("Verifying: ", state.verified_so_far, " events read…"),
                _verdict(),
            ),
            rx.cond(state.verify_problem, rx.text(state.verify_problem, class_name="kp-error")),
            class_name="kp-line-words",
            role="status",
            data_testid="chain-verdict",
        ),
        rx.button(
            "Verify now",
            size="1",
            variant="soft",
            loading=state.is_verifying,
            on_click=state.verify_now,
            data_testid="verify-now",
        ),
        class_name=rx.match(
            state.verified.broken_at,
            ("", rx.cond(state.verified.is_known, "kp-chain-state", "kp-chain-state kp-chain-unknown")),
            "kp-chain-state kp-chain-broken",
        ),
    )


def _verdict() -> rx.Component:
    seen = AuditState.verified
    return rx.cond(
        seen.is_known,
        rx.cond(
            seen.broken_at != "",
            rx.fragment(
                rx.el.strong(
                    "The trail was tampered with: event ", seen.broken_at, " was changed or removed."
                ),
                " Events before it still fit. Compare it with a backup, and find out who can write to the"
                " database. Looked at ",
                clock(seen.at),
                " by ",
                seen.by,
                ".",
            ),
            rx.fragment(
                "Verified up to event ", seen.last, ", ", clock(seen.at), ", by ", seen.by, ": intact."
            ),
        ),
        "Nobody has verified the chain of events yet.",
    )


def _what(row: rx.Var[EventRow]) -> rx.Component:
    return rx.box(
        rx.text(row.words, weight="medium", class_name="kp-truncate"),
        rx.cond(row.what, rx.text(row.what, class_name="kp-sub kp-truncate", title=row.what)),
        min_width="0",
    )


def _who(row: rx.Var[EventRow]) -> rx.Component:
    return rx.box(
        rx.cond(row.who_kind == "user", rx.fragment(), look_badge(row.who_kind, PRINCIPAL)),
        rx.cond(
            (row.who_kind == "user") | (row.who_kind == "agent"),
            rx.el.span(row.who, title=row.who, class_name="kp-truncate"),
        ),
        class_name="kp-who-cell",
    )


def _open_button(row: rx.Var[EventRow]) -> rx.Component:
    return rx.box(
        rx.icon_button(
            rx.icon("panel-right-open", size=16),
            variant="ghost",
            color_scheme="gray",
            on_click=AuditState.open_row(row.id),
            aria_label="Details of " + row.name,
            data_testid="details",
        ),
        class_name="kp-actions",
    )


def _days() -> rx.Component:
    return rx.box(
        _day("from", "From"),
        _day("to", "to"),
        rx.el.span("Days of UTC", class_name="kp-sub"),
        class_name="kp-days",
        role="group",
        aria_label="Days",
    )


def _day(name: str, word: str) -> rx.Component:
    state = AuditState
    return rx.el.label(
        rx.el.span(word, class_name="kp-sub"),
        rx.el.input(
            type="date",
            value=state.filters[name],
            on_change=lambda day: state.choose_day(name, day),
            aria_label=f"{word.capitalize()} day (UTC)",
            class_name="kp-select",
            data_testid=f"day-{name}",
        ),
    )


def _export() -> rx.Component:
    return rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(
            rx.button(
                rx.icon("download", size=14, aria_hidden="true"),
                "Export",
                variant="soft",
                color_scheme="gray",
                high_contrast=True,
                class_name="kp-export",
                data_testid="export",
            )
        ),
        rx.dropdown_menu.content(
            _file("csv", "CSV, for a spreadsheet"), _file("jsonl", "JSON lines, for a program")
        ),
    )


def _file(kind: str, word: str) -> rx.Component:
    address: Any = f"/api/admin/audit/export?format={kind}&" + AuditState.export_query
    return rx.dropdown_menu.item(
        rx.el.a(
            word,
            href=address,
            custom_attrs={"download": "", "reloadDocument": True},
            data_testid=f"export-{kind}",
        ),
        as_child=True,
    )
