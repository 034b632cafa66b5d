"""How it is shown what programs report of a key: in its row, its drawer, beside its last test."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.credentials.report_values import LastReport
from keyportal.ui.shared.credentials.rows import CredentialRowView
from keyportal.ui.shared.widgets.badge import clock, look_badge, moment
from keyportal.ui.shared.widgets.sheet import section
from keyportal.ui.theme import HEALTH, REPORTED


def used_instead(row: rx.Var[CredentialRowView]) -> rx.Component:
    """Of a key that fails, whether another one is used; the title says which."""
    look = "kp-sub kp-attention kp-stepped-back"
    return rx.cond(
        row.steps_back,
        rx.text(_stepped_back(row), title=row.instead, class_name=look, data_testid="stepped-back"),
        rx.text("Fails, still used", title=row.instead, class_name=look, data_testid="still-used"),
    )


def in_use_now(words: rx.Var[str]) -> rx.Component:
    """The mark of a key that is used in another's place; the order stays as it is."""
    return rx.badge(
        "In use now",
        variant="soft",
        color_scheme="green",
        high_contrast=True,
        size="1",
        flex="none",
        title=words,
        data_testid="in-use-now",
    )


def instead_note(details: Any) -> rx.Component:
    """What is used while a key fails, or whose place a key takes meanwhile."""
    return rx.fragment(
        rx.cond(
            details.instead != "",
            rx.box(
                rx.text(
                    rx.cond(details.steps_back, rx.fragment(_stepped_back(details), ". "), "It fails. "),
                    details.instead,
                    size="2",
                ),
                class_name="kp-details-note",
                data_testid="details-stepped-back",
            ),
        ),
        rx.cond(
            details.stands_in != "",
            rx.box(
                rx.text(details.stands_in, size="2"),
                class_name="kp-details-note",
                data_testid="details-stands-in",
            ),
        ),
    )


def found_when(row: rx.Var[CredentialRowView]) -> rx.Component:
    """When the health was found, and by whom if it was a program."""
    return rx.cond(
        row.reported_by,
        rx.text(
            "Reported ",
            moment(row.checked_at),
            rx.el.span(" by ", row.reported_by, class_name="kp-visually-hidden"),
            title="Reported by " + row.reported_by,
            class_name="kp-sub kp-reported",
            data_testid="reported",
        ),
        rx.text(moment(row.checked_at), class_name="kp-sub"),
    )


def reports(state: Any) -> rx.Component:
    """What programs say of the key, where any ever did."""
    return rx.cond(
        (state.details_report.by != "") | (state.details_reports.length() > 0),
        section(
            "Reports of programs",
            rx.cond(state.details_report.by != "", last_report(state.details_report)),
            rx.el.dl(
                rx.foreach(
                    state.details_reports,
                    lambda one: rx.el.div(rx.el.dt(_outcome_word(one.outcome)), rx.el.dd(one.count)),
                ),
                class_name="kp-numbers",
                aria_label="Reports of the last 30 days",
                data_testid="report-counts",
            ),
            rx.cond(
                state.details_reports.length() > 0,
                rx.text("Reports about uses of the last 30 days.", class_name="kp-sub"),
            ),
        ),
    )


def last_report(report: rx.Var[LastReport]) -> rx.Component:
    """The report that is the health of a key, beside what its last test found."""
    return rx.box(
        rx.hstack(
            look_badge(report.outcome, HEALTH, "reported-outcome"),
            rx.text(
                "Reported ",
                moment(report.at),
                " by ",
                report.by,
                class_name="kp-sub kp-anywhere",
                data_testid="reported-by",
            ),
            align="center",
            spacing="2",
            wrap="wrap",
        ),
        rx.text(report.words, size="2", class_name="kp-check-words"),
    )


def _stepped_back(key: Any) -> rx.Component:
    until = rx.fragment(" until ", clock(key.back_until))
    return rx.fragment("Stepped back", rx.cond(key.back_until != "", until, rx.fragment()))


def _outcome_word(outcome: rx.Var[str]) -> rx.Component:
    return rx.match(outcome, *REPORTED.items(), outcome)
