"""A word with its colour and icon, and small tiles."""

import reflex as rx

from keyportal.ui.theme import Look

_DAY_AND_TIME = "D MMM YYYY, HH:mm"
_TODAY_THE_TIME = {
    "sameDay": "HH:mm",
    "nextDay": "[tomorrow], HH:mm",
    "lastDay": "[yesterday], HH:mm",
    "nextWeek": _DAY_AND_TIME,
    "lastWeek": _DAY_AND_TIME,
    "sameElse": _DAY_AND_TIME,
}


def look_badge(value: rx.Var[str], looks: dict[str, Look], test_id: str = "") -> rx.Component:
    """Return the badge for one of the known values; an unknown value shows itself."""
    cases = [(key, _badge(look, key, test_id)) for key, look in looks.items()]
    return rx.match(value, *cases, rx.badge(value, color_scheme="gray", high_contrast=True))


def _badge(look: Look, value: str, test_id: str) -> rx.Component:
    return rx.badge(
        rx.icon(look.icon, size=12, aria_hidden="true"),
        look.word,
        color_scheme=look.color,
        variant="soft",
        # The plain text colours of soft badges stay below the contrast that small text needs.
        high_contrast=True,
        data_value=value,
        data_testid=test_id,
        white_space="nowrap",
    )


def tile(initials: rx.Var[str]) -> rx.Component:
    """A provider's initials in a small square."""
    return rx.box(initials, class_name="kp-tile", aria_hidden="true")


def moment(value: rx.Var[str], empty: str = "Never") -> rx.Component:
    """A time as "3 minutes ago", with the exact one in the viewer's zone on hover."""
    return rx.cond(
        value,
        rx.moment(value, from_now=True, with_title=True, title_format=_DAY_AND_TIME),
        rx.text.span(empty, color="var(--gray-11)"),
    )


def clock(value: rx.Var[str]) -> rx.Component:
    """A moment in the viewer's zone, for inside a sentence: "14:05", with the day where it is another."""
    return rx.moment(value, calendar=_TODAY_THE_TIME, with_title=True, title_format=_DAY_AND_TIME)
