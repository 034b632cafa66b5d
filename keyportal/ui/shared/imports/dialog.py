"""The import dialog: first the text, then the rows it makes. One form, so that the text stays where it is."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.imports.values import ROWS_ID, TEXT_ID, ImportOption, ImportRowView, RefusedLineView
from keyportal.ui.shared.widgets.forms import (
    GUARDED,
    STAYS_OPEN,
    cancel_button,
    described,
    discard_bar,
    field,
    form_problem,
)


def import_dialog(state: Any, *, whose: str) -> rx.Component:
    """`whose` completes "They become …"."""
    is_seen = state.import_is_previewed
    dialog = rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(
                rx.cond(is_seen, "Look at what is imported", "Import keys"), class_name="kp-dialog-title"
            ),
            rx.dialog.description(
                rx.cond(
                    is_seen,
                    "All of it is imported, or nothing. Values are encrypted then and never shown again.",
                    f"From the lines of a .env file. They become {whose}. You see everything before it"
                    " is saved.",
                ),
                size="2",
                class_name="kp-dialog-description",
            ),
            rx.form(
                rx.box(_text(state), display=rx.cond(is_seen, "none", "block")),
                rx.cond(is_seen, _rows(state)),
                form_problem(state.import_problem, "import-problem"),
                discard_bar(),
                _buttons(state),
                id="import-form",
                key=state.import_number,
                on_submit=state.submit_import,
                reset_on_submit=False,
                class_name="kp-import-form",
                custom_attrs={"data-problem": state.import_problem_number, **GUARDED},
            ),
            max_width=rx.cond(is_seen, "1040px", "600px"),
            data_testid="import-dialog",
            **STAYS_OPEN,
        ),
        open=state.import_is_open,
        on_open_change=state.set_import_open,
    )
    # A page loaded anew has lost the text, and with it what was seen of it.
    return rx.box(dialog, on_mount=state.close_import)


def _text(state: Any) -> rx.Component:
    return rx.box(
        field(
            "Lines",
            rx.el.textarea(
                id=TEXT_ID,
                name=TEXT_ID,
                rows="12",
                placeholder="OPENAI_API_KEY=…\nexport GROQ_API_KEY='…'",
                auto_complete="off",
                auto_correct="off",
                auto_capitalize="off",
                spell_check=False,
                wrap="off",
                class_name="kp-input kp-mono kp-import-text",
                data_testid="import-text",
                custom_attrs={
                    "data-takes-file": "",
                    "data-1p-ignore": "true",
                    "data-lpignore": "true",
                    **described(TEXT_ID, state.import_problem)["custom_attrs"],
                },
            ),
            input_id=TEXT_ID,
            help_text="At most 1,000 lines. Comments are passed over, and nothing is interpolated.",
            aside=_file_button(),
        ),
        rx.el.p("", class_name="kp-help", role="status", custom_attrs={"data-said-of": TEXT_ID}),
        width="100%",
    )


def _file_button() -> rx.Component:
    return rx.el.label(
        rx.icon("file-text", size=14, aria_hidden="true"),
        "Choose a file",
        rx.el.input(
            type="file",
            class_name="kp-visually-hidden",
            data_testid="import-file",
            custom_attrs={"data-read-into": TEXT_ID},
        ),
        class_name="kp-file-button",
    )


def _rows(state: Any) -> rx.Component:
    return rx.box(
        rx.text(state.import_summary, size="2", weight="medium", role="status", data_testid="import-summary"),
        rx.cond(state.import_rows.length() > 0, _table(state), _nothing()),
        rx.cond(state.import_pages > 1, _pages(state)),
        rx.cond(state.import_refused.length() > 0, _refused(state)),
        class_name="kp-import-rows",
    )


def _nothing() -> rx.Component:
    return rx.el.p("There is no key in these lines. Below stands why each was refused.", class_name="kp-help")


def _table(state: Any) -> rx.Component:
    words = ("Line", "Variable", "Provider", "Name", "What happens")
    return rx.el.div(
        rx.el.table(
            rx.el.thead(rx.el.tr(*[rx.el.th(word, scope="col") for word in words])),
            rx.el.tbody(rx.foreach(state.import_rows, lambda row: _row(state, row))),
            class_name="kp-import-table",
        ),
        id=ROWS_ID,
        class_name="kp-import-scroll",
        tab_index=0,
        role="region",
        aria_label="Keys in these lines",
    )


def _row(state: Any, row: rx.Var[ImportRowView]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.line, class_name="kp-number"),
        rx.el.th(
            rx.el.div(row.variable, class_name="kp-mono kp-truncate", title=row.variable),
            rx.el.div(row.mask, class_name="kp-sub kp-mono"),
            scope="row",
        ),
        rx.el.td(
            rx.el.select(
                rx.foreach(state.import_providers, _option),
                value=row.provider,
                on_change=lambda value: state.choose_import_provider(row.line, value),
                aria_label="Provider of " + row.variable,
                class_name="kp-select",
                data_testid="import-provider",
            )
        ),
        rx.el.td(
            rx.el.input(
                default_value=row.name,
                on_blur=lambda value: state.rename_import(row.line, value),
                max_length=80,
                auto_complete="off",
                aria_label="Name for " + row.variable,
                class_name="kp-input",
                data_testid="import-name",
                custom_attrs={
                    "data-enter-leaves": "",
                    "aria-invalid": rx.cond(row.problem, "true", "false"),
                },
            )
        ),
        rx.el.td(
            rx.el.select(
                rx.foreach(row.actions, _option),
                value=row.action,
                on_change=lambda value: state.choose_import_action(row.line, value),
                aria_label="What happens with " + row.variable,
                class_name="kp-select",
                data_testid="import-action",
            ),
            rx.cond(
                row.problem,
                rx.el.div(row.problem, class_name="kp-error", role="alert", data_testid="import-row-problem"),
                rx.cond(row.remark, rx.el.div(row.remark, class_name="kp-help")),
            ),
        ),
        key=row.line,
        data_testid="import-row",
        custom_attrs={
            "data-variable": row.variable,
            "data-skipped": rx.cond(row.is_skipped, "true", "false"),
        },
    )


def _option(option: rx.Var[ImportOption]) -> rx.Component:
    return rx.el.option(option.label, value=option.value)


def _pages(state: Any) -> rx.Component:
    def step(icon: str, word: str, on_click: Any, is_end: Any) -> rx.Component:
        return rx.icon_button(
            rx.icon(icon, size=16),
            type="button",
            variant="soft",
            on_click=on_click,
            aria_disabled=is_end,
            aria_label=word,
            class_name=rx.cond(is_end, "kp-idle", ""),
        )

    return rx.hstack(
        step("chevron-left", "Previous rows", state.show_previous_import_page, state.import_page <= 1),
        rx.text("Page ", state.import_page, " of ", state.import_pages, size="2"),
        step(
            "chevron-right", "Next rows", state.show_next_import_page, state.import_page >= state.import_pages
        ),
        align="center",
        justify="end",
    )


def _refused(state: Any) -> rx.Component:
    return rx.el.details(
        rx.el.summary(
            "Lines that are not imported (", state.import_refused.length(), ")", class_name="kp-summary"
        ),
        rx.el.ul(rx.foreach(state.import_refused, _refused_line), class_name="kp-refused"),
        open=state.import_rows.length() == 0,
        data_testid="import-refused",
    )


def _refused_line(line: rx.Var[RefusedLineView]) -> rx.Component:
    return rx.el.li(
        rx.el.span("Line ", line.line, class_name="kp-refused-line"),
        rx.el.span(rx.cond(line.variable, rx.el.span(line.variable, " ", class_name="kp-mono")), line.reason),
        key=line.line,
        data_testid="refused-line",
    )


def _buttons(state: Any) -> rx.Component:
    return rx.hstack(
        rx.cond(
            state.import_is_previewed,
            rx.button(
                "Back to the text",
                type="button",
                variant="ghost",
                color_scheme="gray",
                high_contrast=True,
                on_click=state.change_import_text,
                data_testid="import-back",
            ),
        ),
        rx.spacer(),
        cancel_button(state.close_import),
        rx.cond(
            state.import_is_previewed,
            rx.cond(
                state.import_act,
                rx.button(state.import_act, type="submit", data_testid="import-run"),
            ),
            rx.button("Preview", type="submit", data_testid="import-preview"),
        ),
        width="100%",
        align="center",
        padding_top="8px",
    )
