"""The days as a picture: bars, what their colours mean, the sums, and the same numbers as a table."""

from typing import Any

import reflex as rx

from keyportal.ui.usage.rows import DayLine, Series
from keyportal.ui.usage.state import UsageState

# Where focus goes from a button that narrows, and is gone then: in a search field it would call up the
# keyboard of a phone.
GROUPS_ID = "usage-groups"
FOCUS_AFTER = {"data-focus-after": GROUPS_ID}
_HEIGHT = 220
_TICK = {"fontSize": 12, "fill": "var(--gray-11)"}
# Written into the page when it is built, so that nothing is evaluated in the browser.
_GROUPED = rx.Var("((value) => value.toLocaleString('en-US'))")
_COMPACT = rx.Var(
    "((value) => Intl.NumberFormat('en-US', {notation: 'compact', maximumFractionDigits: 1}).format(value))"
)


def days_panel() -> rx.Component:
    """Stands between the tools and the table; of the final height while it loads."""
    state = UsageState
    return rx.cond(
        state.list_problem != "",
        rx.fragment(),
        rx.cond(
            state.is_loaded,
            rx.cond(state.total > 0, _panel(), rx.fragment()),
            rx.box(rx.skeleton(height="330px", width="100%"), aria_hidden="true", class_name="kp-usage-days"),
        ),
    )


def _panel() -> rx.Component:
    state = UsageState
    return rx.el.section(
        _sums(),
        rx.box(_bars(), role="img", aria_label=state.summary.words, class_name="kp-usage-bars",
               data_testid="usage-chart"),
        rx.el.ul(rx.foreach(state.series, _legend), aria_label="Colours", class_name="kp-legend"),
        _days_table(),
        aria_label="Uses by day",
        class_name="kp-usage-days",
    )  # fmt: skip


def _sums() -> rx.Component:
    summary = UsageState.summary
    return rx.el.dl(
        _number("Uses", summary.uses, "total-uses"),
        _number("Reported ok", summary.ok, "total-ok"),
        _number("Reported failed", summary.failed, "total-failed", summary.failures),
        _number("Success rate", rx.cond(summary.success, summary.success, "–"), "total-success",
                rx.cond(summary.success, "", "Nothing reported")),
        _number("Busiest day", summary.busiest_uses, "busiest", summary.busiest),
        class_name="kp-numbers kp-usage-sums",
    )  # fmt: skip


def _number(word: str, value: Any, test_id: str, under: Any = "") -> rx.Component:
    return rx.box(
        rx.el.dt(word),
        rx.el.dd(value, data_testid=test_id),
        rx.cond(under, rx.el.dd(under, class_name="kp-sub"), rx.fragment()),
    )


def _bars() -> rx.Component:
    charts = rx.recharts
    return charts.bar_chart(
        charts.cartesian_grid(vertical=False, stroke="var(--gray-a5)", stroke_dasharray="3 3"),
        charts.x_axis(
            data_key="day",
            # As many days as there is room for, all equally far apart, with today among them.
            custom_attrs={"tick": _TICK, "interval": "equidistantPreserveEnd"},
            tick_line=False,
            min_tick_gap=24,
            axis_line=False,
        ),
        charts.y_axis(
            tick_line=False,
            axis_line=False,
            allow_decimals=False,
            width=44,
            custom_attrs={"tick": _TICK, "tickFormatter": _COMPACT},
        ),
        charts.graphing_tooltip(
            separator=": ",
            is_animation_active=False,
            cursor={"fill": "var(--gray-a3)", "strokeWidth": 0},
            content_style={
                "background": "var(--color-panel-solid)",
                "border": "1px solid var(--gray-a6)",
                "borderRadius": "6px",
                "fontSize": "13px",
                "maxWidth": "min(320px, 70vw)",
                "whiteSpace": "normal",
            },
            item_style={"color": "var(--gray-12)", "padding": "1px 0"},
            label_style={"color": "var(--gray-11)"},
            custom_attrs={"formatter": _GROUPED},
        ),
        rx.foreach(UsageState.series, _bar),
        data=UsageState.chart,
        height=_HEIGHT,
        # At the right, room for the half of today's date that stands beyond its bar.
        margin={"top": 8, "right": 24, "bottom": 0, "left": 0},
        bar_category_gap="18%",
        # It would make the picture a stop of the keyboard that says nothing: the table below says it all.
        custom_attrs={"accessibilityLayer": False},
    )


def _bar(series: rx.Var[Series]) -> rx.Component:
    return rx.recharts.bar(
        data_key=series.key,
        name=series.name,
        fill=series.color,
        stroke="var(--color-background)",
        # Many bars are too thin for a line between their parts.
        stroke_width=rx.cond(UsageState.days == "90", 0, 1),
        stack_id="uses",
        max_bar_size=40,
        is_animation_active=False,
        key=series.key,
    )


def _legend(series: rx.Var[Series]) -> rx.Component:
    words = rx.fragment(
        rx.el.span(style={"background": series.color}, class_name="kp-swatch", aria_hidden="true"),
        rx.el.span(series.name, class_name="kp-truncate", title=series.name),
        rx.el.span(series.uses, class_name="kp-legend-uses"),
    )
    return rx.el.li(
        rx.cond(
            series.id,
            rx.el.button(
                words,
                type="button",
                on_click=UsageState.look_into(series.id),
                title="Show only this",
                custom_attrs={**FOCUS_AFTER},
                data_testid="legend",
            ),
            rx.el.span(words),
        ),
        key=series.key,
    )


def _days_table() -> rx.Component:
    return rx.el.details(
        rx.el.summary("Days as a table", class_name="kp-summary", data_testid="days-as-table"),
        rx.box(
            rx.el.table(
                rx.el.thead(
                    rx.el.tr(
                        rx.el.th("Day (UTC)", scope="col"),
                        *[rx.el.th(word, scope="col", class_name="kp-number")
                          for word in ("Uses", "Reported ok", "Reported failed")],
                    )
                ),
                rx.el.tbody(rx.foreach(UsageState.lines, _day_line)),
                class_name="kp-day-table",
            ),
            tab_index=0,
            role="region",
            aria_label="Days as a table",
            class_name="kp-day-scroll",
        ),
        class_name="kp-day-details",
    )  # fmt: skip


def _day_line(line: rx.Var[DayLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(line.day, scope="row"),
        rx.el.td(line.uses, class_name="kp-number"),
        rx.el.td(line.ok, class_name="kp-number"),
        rx.el.td(line.failed, class_name="kp-number"),
        key=line.day,
        data_testid="day-line",
    )
