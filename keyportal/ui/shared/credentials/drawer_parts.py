"""The sections of the drawer: use by day, links, history."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.credentials.details_values import HistoryRow, LinkRow, UsageBar
from keyportal.ui.shared.widgets.badge import look_badge, moment, tile
from keyportal.ui.shared.widgets.fields import field, text_field
from keyportal.ui.shared.widgets.provider_picker import provider_picker
from keyportal.ui.shared.widgets.sentence import sentence
from keyportal.ui.shared.widgets.sheet import section
from keyportal.ui.theme import RESULT


def usage(state: Any) -> rx.Component:
    """A bar for each day; the numbers stand above it, and in words for who does not see bars."""
    details = state.details
    return section(
        "Use",
        rx.el.dl(
            _number("Last 30 days", details.usage_30, "usage-30"),
            _number("In all", details.usage_total, "usage-total"),
            rx.el.div(rx.el.dt("Last used"), rx.el.dd(moment(details.last_used_at))),
            class_name="kp-numbers",
        ),
        rx.el.div(
            rx.foreach(state.details_usage, _bar),
            role="img",
            aria_label=details.usage_words,
            class_name="kp-bars",
            data_testid="usage-bars",
        ),
        rx.hstack(
            rx.el.span("30 days ago"),
            rx.spacer(),
            rx.el.span("Today"),
            class_name="kp-sub",
            width="100%",
            aria_hidden="true",
        ),
    )


def links(state: Any) -> rx.Component:
    return section(
        "Links",
        rx.cond(
            state.details_links.length() > 0,
            rx.el.ul(
                rx.foreach(state.details_links, lambda link: _link(state, link)),
                class_name="kp-links",
                data_testid="links-list",
            ),
            rx.text(
                "Link it to a provider, or to some of a provider's models, and it is used there too.",
                class_name="kp-help",
            ),
        ),
        _link_form(state),
    )


def history(state: Any) -> rx.Component:
    return section(
        "History",
        rx.el.ol(rx.foreach(state.details_history, _event), class_name="kp-history", data_testid="history"),
    )


def _number(label: str, value: rx.Var[str], test_id: str) -> rx.Component:
    return rx.el.div(rx.el.dt(label), rx.el.dd(value, data_testid=test_id))


def _bar(bar: rx.Var[UsageBar]) -> rx.Component:
    return rx.el.div(rx.el.div(height=bar.height), title=bar.title, key=bar.day)


def _link(state: Any, link: rx.Var[LinkRow]) -> rx.Component:
    return rx.el.li(
        tile(link.initials),
        rx.el.span(link.provider_name, class_name="kp-truncate"),
        rx.cond(
            link.pattern != "",
            rx.el.code(link.pattern, class_name="kp-mono kp-truncate", title=link.pattern),
            rx.el.span("all models", class_name="kp-sub"),
        ),
        rx.spacer(),
        rx.icon_button(
            rx.icon("x", size=14),
            variant="ghost",
            color_scheme="gray",
            size="1",
            aria_label="Remove the link to " + link.provider_name + " " + link.pattern,
            on_click=state.remove_link(link.id),
            custom_attrs={"data-focus-after": "link-provider"},
            data_testid="remove-link",
        ),
        key=link.id,
        data_testid="link-row",
    )


def _link_form(state: Any) -> rx.Component:
    def wrong(name: str) -> rx.Var[str]:
        return rx.cond(state.link_problem_field == name, state.link_problem, "")

    return rx.el.form(
        field(
            "Provider",
            provider_picker(
                input_id="link-provider",
                groups=state.groups,
                chosen=state.link_chosen,
                placeholder="Choose a provider",
                on_choose=state.choose_link_provider,
                error=wrong("provider"),
                test_id="link-provider",
            ),
            input_id="link-provider",
            error=wrong("provider"),
        ),
        text_field(
            "Models",
            input_id="link-pattern",
            name="link_pattern",
            error=wrong("model_pattern"),
            help_text="Such as gpt-4o*. Blank means all.",
            optional=True,
            mono=True,
            max_length=120,
            placeholder="All models",
        ),
        rx.button("Link", type="submit", variant="soft", data_testid="add-link"),
        key=state.link_number,
        on_submit=state.add_link,
        reset_on_submit=False,
        class_name="kp-link-form",
    )


def _event(row: rx.Var[HistoryRow]) -> rx.Component:
    return rx.el.li(
        rx.hstack(
            rx.el.span(sentence(row.what), class_name="kp-history-what"),
            rx.cond(row.result != "", look_badge(row.result, RESULT)),
            spacing="2",
            align="center",
            wrap="wrap",
        ),
        rx.el.span(row.who, " · ", moment(row.at), class_name="kp-sub kp-truncate"),
        key=row.key,
        data_testid="history-row",
    )
