"""A provider chosen from a list that is narrowed as one types. Opened, narrowed and walked in the browser."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from keyportal.ui.shared.widgets.badge import tile
from keyportal.ui.shared.widgets.fields import described, label_id


@dataclass(frozen=True)
class PickerOption:
    """`words` are what it can be found by, in lower case; `kind` is what it is for, in words."""

    id: str = ""
    name: str = ""
    initials: str = ""
    kind: str = ""
    words: str = ""


@dataclass(frozen=True)
class PickerGroup:
    """Options under one heading; the first ones may have none."""

    label: str
    options: list[PickerOption]


def provider_picker(
    *,
    input_id: str,
    groups: rx.Var[list[PickerGroup]],
    chosen: Any,
    placeholder: str,
    on_choose: Any,
    error: Any = "",
    test_id: str = "provider",
) -> rx.Component:
    """A button that shows the choice and opens the list. `chosen` has the parts of an option; no id for none.

    `on_choose` makes the event for the id of an option. /picker.js does the rest: arrow keys, Home and
    End walk, Enter chooses, Escape closes, and the list is searched in what is typed.
    """
    described_by = described(input_id, error)["custom_attrs"]
    return rx.el.div(
        rx.el.button(
            rx.cond(
                chosen.id != "",
                rx.fragment(
                    tile(chosen.initials),
                    rx.el.span(chosen.name, class_name="kp-picker-name kp-truncate"),
                    rx.el.span(chosen.kind, class_name="kp-picker-kind"),
                ),
                rx.el.span(placeholder, class_name="kp-picker-name kp-picker-none kp-truncate"),
            ),
            rx.icon("chevrons-up-down", size=14, aria_hidden="true"),
            type="button",
            id=input_id,
            aria_haspopup="listbox",
            aria_expanded=False,
            class_name="kp-picker-button",
            data_testid=test_id,
            custom_attrs={
                **described_by,
                "data-picker-button": "",
                "data-value": chosen.id,
                # The label alone would hide what is chosen from those who listen.
                "aria-labelledby": f"{label_id(input_id)} {input_id}",
            },
        ),
        _panel(input_id, groups, chosen, on_choose, test_id),
        class_name="kp-picker",
        custom_attrs={"data-picker": ""},
    )


def _panel(input_id: str, groups: Any, chosen: Any, on_choose: Any, test_id: str) -> rx.Component:
    list_id = f"{input_id}-options"
    return rx.el.div(
        rx.el.div(
            rx.icon("search", size=14, aria_hidden="true"),
            rx.el.input(
                type="text",
                role="combobox",
                placeholder="Search providers",
                auto_complete="off",
                spell_check=False,
                aria_label="Search providers",
                aria_controls=list_id,
                aria_expanded=True,
                aria_autocomplete="list",
                data_testid=f"{test_id}-search",
                custom_attrs={"data-picker-search": ""},
            ),
            class_name="kp-picker-search",
        ),
        rx.el.div(
            rx.foreach(groups, lambda group: _group(input_id, group, chosen, on_choose, test_id)),
            role="listbox",
            id=list_id,
            aria_label="Providers",
            tab_index=-1,
            class_name="kp-picker-list",
        ),
        rx.el.p(
            "No provider goes by this name.",
            hidden=True,
            class_name="kp-help kp-picker-empty",
            custom_attrs={"data-picker-empty": ""},
        ),
        class_name="kp-picker-panel",
        data_testid=f"{test_id}-panel",
        custom_attrs={"data-picker-panel": "", "popover": "manual"},
    )


def _group(input_id: str, group: Any, chosen: Any, on_choose: Any, test_id: str) -> rx.Component:
    return rx.el.div(
        rx.cond(
            group.label != "",
            rx.el.div(group.label, role="presentation", class_name="kp-picker-heading"),
        ),
        rx.foreach(group.options, lambda option: _option(input_id, option, chosen, on_choose, test_id)),
        role="group",
        aria_label=rx.cond(group.label != "", group.label, "Without a provider"),
        key=group.label,
    )


def _option(input_id: str, option: Any, chosen: Any, on_choose: Any, test_id: str) -> rx.Component:
    return rx.el.div(
        tile(option.initials),
        rx.el.span(option.name, class_name="kp-picker-name kp-truncate"),
        rx.el.span(option.kind, class_name="kp-picker-kind"),
        role="option",
        id=f"{input_id}-option-" + option.id,
        aria_selected=option.id == chosen.id,
        on_click=on_choose(option.id),
        key=option.id,
        class_name="kp-picker-option",
        data_testid=f"{test_id}-option",
        custom_attrs={"data-value": option.id, "data-words": option.words},
    )
