"""The table and what stands in its place: while it loads, when it is empty, when nothing matches.

data_table(
    state,                                     # mixes in TableState
    search_label="Search keys by name",
    columns=(Column("Name", name_cell, sort="name"), Column("Uses", uses, sort="usage", look="kp-number")),
    filters=(look_filter("status", "Status", STATUS),),
    actions=lambda row: rx.box(test_button(row), row_menu(...), class_name="kp-actions"),
    bulk=(bulk_button("Delete", state.ask_delete_selected, color="red"),),
    empty=empty_state(...),
    row_test_id="key-row",
    opens=True,                                # a click on a row opens its details
)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from keyportal.ui.shared.table.chips import Filter, sort_menu, table_tools
from keyportal.ui.shared.table.pager import pager
from keyportal.ui.shared.widgets.states import no_match, problem_state


@dataclass(frozen=True)
class Column:
    """`sort` is the service's name of the order by this column. `look` are classes, see keyportal.css:
    kp-number aligns right; kp-wide, kp-wider and kp-widest leave the column out where the list is narrow.
    `label` stands before the value where the table is a list of two-line rows.
    """

    word: str
    cell: Callable[[Any], rx.Component | rx.Var | str]
    sort: str = ""
    look: str = ""
    label: str = ""


def data_table(
    state: Any,
    *,
    search_label: str,
    columns: Sequence[Column],
    actions: Callable[[Any], rx.Component],
    empty: rx.Component,
    row_test_id: str,
    filters: Sequence[Filter] = (),
    bulk: Sequence[rx.Component] = (),
    tools: rx.Component | None = None,
    above: rx.Component | None = None,
    opens: bool = False,
    look: str = "",
    row_attrs: Callable[[Any], dict[str, Any]] = lambda _row: {},
) -> rx.Component:
    """The whole content of a list page. The first column is the row's header and has the row's name.

    `tools` stand at the end of the tool row, `above` between it and the table. With `bulk` rows can be
    selected, and those buttons act on the selection. `row_attrs` are further HTML attributes of a row.
    """

    def row(item: Any) -> rx.Component:
        selection = _select_row(state, item) if bulk else rx.fragment()
        return _row(state, columns, actions, item, selection, row_test_id, row_attrs(item), opens=opens)

    return rx.box(
        table_tools(
            state,
            label=search_label,
            filters=filters,
            extra=rx.fragment(
                sort_menu(state, [(c.word, c.sort) for c in columns if c.sort]), tools or rx.fragment()
            ),
        ),
        above or rx.fragment(),
        rx.cond(
            state.list_problem != "",
            problem_state(state.list_problem, state.try_again, state.clear_filters),
            rx.cond(
                state.is_loaded & (state.total == 0),
                rx.cond(state.is_filtered, no_match(state.query, state.clear_filters), empty),
                rx.fragment(
                    _bulk_bar(state, bulk),
                    _table(state, columns, row, selects=bool(bulk), look=look),
                    pager(state),
                ),
            ),
        ),
        class_name="kp-list",
    )


def bulk_button(word: str, on_click: Any, *, icon: str, color: str = "gray", test_id: str) -> rx.Component:
    """A button of the bar that stands over the table while rows are selected."""
    return rx.button(
        rx.icon(icon, size=14, aria_hidden="true"),
        word,
        variant="soft",
        size="1",
        color_scheme=color,
        high_contrast=True,
        on_click=on_click,
        data_testid=test_id,
    )


def row_menu(name: Any, *items: rx.Component) -> rx.Component:
    """The `⋯` of a row. `name` is read out with it."""
    return rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(
            rx.icon_button(
                rx.icon("ellipsis", size=16),
                variant="ghost",
                color_scheme="gray",
                aria_label="More for " + name,
                data_testid="row-menu",
            )
        ),
        rx.dropdown_menu.content(*items),
    )


def _bulk_bar(state: Any, bulk: Sequence[rx.Component]) -> rx.Component:
    if not bulk:
        return rx.fragment()
    return rx.cond(
        state.selected.length() > 0,
        rx.box(
            rx.el.span(state.selected.length(), " selected", role="status", data_testid="selected-count"),
            *bulk,
            rx.spacer(),
            rx.button(
                "Clear selection",
                variant="ghost",
                color_scheme="gray",
                high_contrast=True,
                size="1",
                on_click=state.clear_selection,
                data_testid="clear-selection",
            ),
            role="group",
            aria_label="Actions for the selected rows",
            class_name="kp-bulk",
        ),
    )


def _table(
    state: Any, columns: Sequence[Column], row: Callable[[Any], rx.Component], *, selects: bool, look: str
) -> rx.Component:
    return rx.table.root(
        rx.table.header(
            rx.table.row(
                _select_page(state) if selects else rx.fragment(),
                *[_heading(state, column) for column in columns],
                rx.table.column_header_cell(rx.el.span("Actions", class_name="kp-visually-hidden")),
            )
        ),
        rx.table.body(
            rx.cond(
                state.is_loaded,
                rx.foreach(state.rows, row),
                rx.fragment(*_skeletons(columns, selects=selects)),
            )
        ),
        variant="ghost",
        class_name=f"kp-table {look}".rstrip(),
    )


def _heading(state: Any, column: Column) -> rx.Component:
    if not column.sort:
        return rx.table.column_header_cell(column.word, class_name=column.look)
    upwards, downwards = state.sort == column.sort, state.sort == f"-{column.sort}"
    return rx.table.column_header_cell(
        rx.el.button(
            column.word,
            rx.cond(
                upwards,
                rx.icon("arrow-up", size=12, aria_hidden="true"),
                rx.cond(
                    downwards,
                    rx.icon("arrow-down", size=12, aria_hidden="true"),
                    rx.icon("chevrons-up-down", size=12, aria_hidden="true", class_name="kp-sort-hint"),
                ),
            ),
            type="button",
            on_click=state.sort_by(column.sort),
            class_name="kp-sort",
            data_testid=f"sort-{column.sort}",
        ),
        custom_attrs={"aria-sort": rx.cond(upwards, "ascending", rx.cond(downwards, "descending", "none"))},
        class_name=column.look,
    )


def _select_page(state: Any) -> rx.Component:
    is_all = (state.rows.length() > 0) & (state.selected.length() == state.rows.length())
    return rx.table.column_header_cell(
        rx.checkbox(
            checked=is_all,
            on_change=state.select_page,
            aria_label="Select all rows of this page",
            data_testid="select-page",
            size="1",
        ),
        class_name="kp-check-cell",
    )


def _row(
    state: Any,
    columns: Sequence[Column],
    actions: Callable[[Any], rx.Component],
    item: Any,
    selection: rx.Component,
    test_id: str,
    attrs: dict[str, Any],
    *,
    opens: bool,
) -> rx.Component:
    first, *others = columns
    extra: dict[str, Any] = {"on_click": state.open_row(item.id)} if opens else {}
    return rx.table.row(
        selection,
        rx.table.row_header_cell(
            _with_open_button(state, first.cell(item), item) if opens else first.cell(item),
            class_name=f"kp-first {first.look}".rstrip(),
        ),
        *[_cell(column, item) for column in others],
        # What is pressed here must not open the row as well; menus bubble up to here too.
        rx.table.cell(actions(item), on_click=rx.stop_propagation),
        key=item.id,
        class_name="kp-row kp-row-opens" if opens else "kp-row",
        data_testid=test_id,
        custom_attrs={
            "data-name": item.name,
            "data-selected": rx.cond(state.selected.contains(item.id), "true", "false"),
            **attrs,
        },
        **extra,
    )


def _with_open_button(state: Any, cell: Any, item: Any) -> rx.Component:
    return rx.box(
        cell,
        rx.el.button(
            "Open",
            type="button",
            on_click=[rx.stop_propagation, state.open_row(item.id)],
            aria_label="Open " + item.name,
            class_name="kp-open-row",
            data_testid="open-row",
        ),
        class_name="kp-first-cell",
    )


def _cell(column: Column, item: Any) -> rx.Component:
    label = {"custom_attrs": {"data-label": column.label}} if column.label else {}
    return rx.table.cell(column.cell(item), class_name=column.look, **label)


def _select_row(state: Any, item: Any) -> rx.Component:
    return rx.table.cell(
        rx.checkbox(
            checked=state.selected.contains(item.id),
            on_change=lambda is_selected: state.select(item.id, is_selected),
            aria_label="Select " + item.name,
            data_testid="select-row",
            size="1",
        ),
        on_click=rx.stop_propagation,
        class_name="kp-check-cell",
    )


def _skeletons(columns: Sequence[Column], *, selects: bool, rows: int = 6) -> list[rx.Component]:
    """Rows of the final height, so that nothing jumps when the real ones come."""
    looks = [*(["kp-check-cell"] if selects else []), f"kp-first {columns[0].look}".rstrip()]
    looks += [*[column.look for column in columns[1:]], ""]
    cells = [rx.table.cell(rx.skeleton(height="16px", width="70%"), class_name=look) for look in looks]
    return [rx.table.row(*cells, class_name="kp-row", aria_hidden="true") for _ in range(rows)]
