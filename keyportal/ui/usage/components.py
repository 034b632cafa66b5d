"""What is looked at, and the table of providers, keys or agent keys."""

from collections.abc import Mapping
from typing import Any

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.shared.table.chips import Filter
from keyportal.ui.shared.table.table import Column, data_table
from keyportal.ui.shared.widgets.badge import tile
from keyportal.ui.shared.widgets.states import empty_state
from keyportal.ui.theme import USAGE_GROUPS, USAGE_SOURCES
from keyportal.ui.usage.chart import FOCUS_AFTER, GROUPS_ID, days_panel
from keyportal.ui.usage.rows import Choice, UsageRow
from keyportal.ui.usage.state import UsageState

_DAYS = {"7": "7 days", "30": "30 days", "90": "90 days"}


def usage_list() -> rx.Component:
    state = UsageState
    return rx.fragment(
        _scope(),
        data_table(
            state,
            search_label="Search by provider or name",
            columns=(
                Column("Name", _name),
                Column("Uses", lambda row: row.uses, sort="usage", look="kp-number", label="Uses"),
                Column("Share", _share, look="kp-wider"),
                Column("Last used", lambda row: row.last_day, sort="last_used", look="kp-wide"),
                Column("Reported", _reported, look="kp-usage-reported"),
                Column("Success", _success, sort="rate", look="kp-number", label="Success"),
            ),
            filters=(
                Filter("provider", "Provider", state.providers, state.provider_word),
                Filter("key", "Key", state.keys, state.key_word),
                Filter("agent_key", "Agent key", state.agent_keys, state.agent_key_word),
                Filter("source", "Source", list(USAGE_SOURCES.items())),
            ),
            above=rx.fragment(days_panel(), _groups()),
            actions=_look_into,
            empty=_nothing_used(),
            row_test_id="usage-row",
            look="kp-usage",
            row_attrs=lambda row: {"data-id": row.id},
        ),
    )


def download_link() -> rx.Component:
    address: Any = "/api/usage/export?" + UsageState.export_query
    return rx.el.a(
        rx.icon("download", size=14, aria_hidden="true"),
        "Download CSV",
        href=address,
        custom_attrs={"download": "", "reloadDocument": True},
        class_name="kp-link-button",
        data_testid="download",
    )


def _scope() -> rx.Component:
    """Which days, and for admins whose uses."""
    state = UsageState
    return rx.box(
        _segments("Days", _DAYS, state.days, state.choose_days),
        rx.cond(
            state.is_admin,
            rx.el.label(
                rx.el.span("Whose", class_name="kp-sub"),
                rx.el.select(
                    rx.el.option("Yours", value=""),
                    rx.el.option("Everyone", value="everyone"),
                    rx.foreach(state.people, _person),
                    rx.cond(state.unlisted_person, rx.el.option("This person", value=state.unlisted_person)),
                    value=state.person,
                    on_change=state.choose_person,
                    class_name="kp-select",
                    data_testid="person",
                ),
            ),
        ),
        rx.cond(
            (state.summary.span != "") & (state.list_problem == ""),
            rx.el.span("Days of UTC, ", state.summary.span, class_name="kp-sub", data_testid="span"),
        ),
        class_name="kp-usage-scope",
    )


def _person(person: rx.Var[Choice]) -> rx.Component:
    return rx.el.option(person.name, value=person.id, key=person.id)


def _groups() -> rx.Component:
    state = UsageState
    return rx.cond(
        (state.list_problem == "") & (~state.is_loaded | (state.total > 0)),
        rx.box(
            _segments("Added up by", USAGE_GROUPS, state.by, state.choose_group, id=GROUPS_ID, tab_index=-1),
            class_name="kp-usage-scope",
        ),
    )


def _segments(
    label: str, words: Mapping[str, str], chosen: Any, on_choose: Any, **attrs: Any
) -> rx.Component:
    """A few choices side by side, of which one holds."""
    return rx.el.div(
        *[
            rx.el.button(
                word,
                type="button",
                on_click=on_choose(value),
                custom_attrs={"aria-pressed": rx.cond(chosen == value, "true", "false")},
                data_testid=f"choose-{value}",
            )
            for value, word in words.items()
        ],
        role="group",
        aria_label=label,
        class_name="kp-segments",
        **attrs,
    )


def _name(row: rx.Var[UsageRow]) -> rx.Component:
    return rx.box(
        rx.cond(
            row.initials,
            tile(row.initials),
            rx.box(
                rx.cond(UsageState.by == "agent_key", rx.icon("bot", size=15), rx.icon("key-round", size=15)),
                class_name="kp-tile",
                aria_hidden="true",
            ),
        ),
        rx.box(
            rx.hstack(
                rx.cond(
                    row.link,
                    rx.link(
                        row.name,
                        href=row.link,
                        class_name="kp-truncate kp-row-link",
                        title=row.name,
                        data_testid="used-link",
                    ),
                    rx.text(row.name, weight="medium", class_name="kp-truncate", title=row.name),
                ),
                rx.cond(
                    row.is_deleted,
                    rx.badge("Deleted", color_scheme="gray", high_contrast=True, flex="none"),
                ),
                align="center",
                spacing="2",
            ),
            rx.cond(
                (row.mask != "") | (row.about != ""),
                rx.text(
                    rx.el.span(row.mask, class_name="kp-mono"),
                    rx.cond((row.mask != "") & (row.about != ""), " · ", ""),
                    row.about,
                    class_name="kp-sub kp-truncate",
                    title=row.about,
                ),
            ),
        ),
        class_name="kp-name",
    )


def _share(row: rx.Var[UsageRow]) -> rx.Component:
    return rx.box(
        rx.el.span(row.share),
        rx.el.span(rx.el.span(style={"width": row.share_width}), class_name="kp-share-bar",
                   aria_hidden="true"),
        class_name="kp-share",
    )  # fmt: skip


def _reported(row: rx.Var[UsageRow]) -> rx.Component:
    return rx.cond(
        row.reported,
        rx.box(
            rx.text(row.reported, size="2"),
            rx.cond(row.failures, rx.text(row.failures, class_name="kp-sub kp-truncate kp-failures",
                                          title=row.failures)),
        ),
        rx.text.span("Nothing", color="var(--gray-11)"),
    )  # fmt: skip


def _success(row: rx.Var[UsageRow]) -> rx.Component:
    return rx.cond(row.success, rx.el.span(row.success), rx.text.span("–", color="var(--gray-11)"))


def _look_into(row: rx.Var[UsageRow]) -> rx.Component:
    return rx.box(
        rx.icon_button(
            rx.icon("list-filter", size=16),
            variant="ghost",
            color_scheme="gray",
            on_click=UsageState.look_into(row.id),
            title="Show only this",
            aria_label="Show only " + row.name,
            custom_attrs={**FOCUS_AFTER},
            data_testid="look-into",
        ),
        class_name="kp-actions",
    )


def _nothing_used() -> rx.Component:
    state = UsageState
    title = "No key was used in the last " + state.days + " days"
    everyone = rx.button(
        "Show everyone",
        variant="soft",
        on_click=state.choose_person("everyone"),
        custom_attrs={**FOCUS_AFTER},
        data_testid="show-everyone",
    )
    return rx.cond(
        state.other_person,
        empty_state(
            "chart-column",
            title,
            "No API key of " + state.other_person + " was used, and no agent key of theirs asked for one.",
            everyone,
            test_id="empty-usage-other",
        ),
        empty_state(
            "chart-column",
            title,
            "A program shows an agent key and is told which key to use; each time is counted here. Create an"
            " agent key, then let the program ask:",
            _first_steps(),
            test_id="empty-usage",
        ),
    )


def _first_steps() -> rx.Component:
    return rx.vstack(
        rx.el.pre(
            UsageState.first_request,
            tab_index=0,
            aria_label="A first request",
            class_name="kp-usage-request",
        ),
        rx.hstack(
            rx.el.a(
                "Create an agent key",
                href=routes.AGENT_KEYS,
                class_name="kp-link-button kp-link-button-main",
                data_testid="to-agent-keys",
            ),
            rx.el.a("REST documentation", href="/api/docs", target="_blank", rel="noopener",
                    class_name="kp-link-button"),
            spacing="3",
            wrap="wrap",
            justify="center",
        ),
        align="center",
        spacing="4",
    )  # fmt: skip
