"""Above a table: the search field, and a chip for each thing the list can be narrowed by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from keyportal.ui.theme import Look

# A chip whose values are known when the page is built, or a var with objects that have `id` and `name`.
Choices = Sequence[tuple[str, str]] | rx.Var[Any]


@dataclass(frozen=True)
class Filter:
    """`chosen` is the word of the present value where `choices` is a var; else the words say it."""

    name: str
    word: str
    choices: Choices
    chosen: Any = ""


def look_filter(name: str, word: str, looks: Mapping[str, Look], *keys: str) -> Filter:
    """A filter whose values have looks in the theme: all of them, or those named."""
    return Filter(name, word, [(key, looks[key].word) for key in keys or looks])


def table_tools(state: Any, *, label: str, filters: Sequence[Filter], extra: rx.Component) -> rx.Component:
    """`label` says what is searched, such as "Search keys by name"."""
    return rx.box(
        rx.el.div(
            rx.icon("search", size=15, aria_hidden="true"),
            rx.el.input(
                id="search",
                type="search",
                placeholder=label,
                aria_label=label,
                auto_complete="off",
                spell_check=False,
                default_value=state.query,
                on_change=state.search.debounce(250),
                class_name="kp-input",
                data_testid="search",
            ),
            rx.el.kbd("/", aria_hidden="true"),
            class_name="kp-search",
        ),
        *[_chip(state, chip) for chip in filters],
        rx.cond(
            state.is_filtered,
            rx.button(
                "Clear",
                variant="ghost",
                color_scheme="gray",
                high_contrast=True,
                on_click=state.clear_filters,
                custom_attrs={"data-focus-after": "search"},
                data_testid="clear",
            ),
        ),
        extra,
        class_name="kp-tools",
        role="search",
    )


def sort_menu(state: Any, columns: Sequence[tuple[str, str]]) -> rx.Component:
    """Where the table is a list of rows it has no headings to sort by."""
    return rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(
            rx.button(
                rx.icon("arrow-up-down", size=13, aria_hidden="true"),
                "Sort",
                variant="soft",
                color_scheme="gray",
                high_contrast=True,
                class_name="kp-sort-menu",
                data_testid="sort-menu",
            )
        ),
        rx.dropdown_menu.content(
            *[rx.dropdown_menu.item(word, on_select=state.sort_by(sort)) for word, sort in columns]
        ),
    )


def _chip(state: Any, chip: Filter) -> rx.Component:
    value = state.filters[chip.name]
    return rx.box(
        rx.dropdown_menu.root(
            rx.dropdown_menu.trigger(
                rx.el.button(
                    rx.cond(value, rx.fragment(), rx.icon("plus", size=13, aria_hidden="true")),
                    rx.el.span(chip.word, class_name="kp-chip-word"),
                    rx.cond(value, rx.el.strong(_chosen(chip, value), class_name="kp-truncate")),
                    type="button",
                    class_name="kp-chip-open",
                    data_testid=f"filter-{chip.name}",
                )
            ),
            rx.dropdown_menu.content(_choices(state, chip, value), class_name="kp-chip-menu"),
        ),
        rx.cond(
            value,
            rx.el.button(
                rx.icon("x", size=13, aria_hidden="true"),
                type="button",
                on_click=state.filter_by(chip.name, ""),
                aria_label=f"Remove the filter {chip.word}",
                custom_attrs={"data-focus-after": "search"},
                class_name="kp-chip-clear",
                data_testid=f"clear-{chip.name}",
            ),
        ),
        class_name=rx.cond(value, "kp-chip kp-chip-set", "kp-chip"),
    )


def _chosen(chip: Filter, value: Any) -> Any:
    if isinstance(chip.choices, rx.Var):
        return rx.cond(chip.chosen, chip.chosen, value)
    return rx.match(value, *[(key, word) for key, word in chip.choices], value)


def _choices(state: Any, chip: Filter, value: Any) -> rx.Component:
    if isinstance(chip.choices, rx.Var):
        return rx.foreach(chip.choices, lambda choice: _choice(state, chip, value, choice.id, choice.name))
    return rx.fragment(*[_choice(state, chip, value, key, word) for key, word in chip.choices])


def _choice(state: Any, chip: Filter, value: Any, key: Any, word: Any) -> rx.Component:
    return rx.dropdown_menu.item(
        rx.el.span(word),
        rx.cond(value == key, rx.icon("check", size=14, aria_label="chosen")),
        on_select=state.filter_by(chip.name, key),
        custom_attrs={"data-value": key},
        data_testid=f"filter-{chip.name}-choice",
    )
