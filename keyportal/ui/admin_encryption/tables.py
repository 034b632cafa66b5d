"""The keys there are, and the servers that hold them."""

from collections.abc import Callable, Sequence

import reflex as rx

from keyportal.ui.admin_encryption.state import EncryptionState
from keyportal.ui.admin_encryption.values import KeyRow, ServerRow
from keyportal.ui.shared.widgets.badge import look_badge, moment
from keyportal.ui.theme import ENCRYPTION_KEY


def key_table() -> rx.Component:
    """The keys in use, and folded away those that are not any more."""
    shown = EncryptionState.shown
    in_use = (
        ("Values that need it", "kp-number"),
        ("Sealed so far", "kp-number kp-wide"),
        ("First used", "kp-number"),
    )
    former = (("Sealed", "kp-number kp-wide"), ("First used", "kp-number kp-wide"), ("Ended", "kp-number"))
    return rx.el.section(
        rx.heading("Keys", size="4", as_="h2", id="encryption-keys"),
        rx.box(_table(shown.in_use, in_use, _in_use), class_name="kp-list"),
        rx.cond(
            shown.former.length() > 0,
            rx.el.details(
                rx.el.summary(shown.former_words, class_name="kp-summary", data_testid="former-keys"),
                rx.box(_table(shown.former, former, _former), class_name="kp-list"),
            ),
        ),
        aria_labelledby="encryption-keys",
        class_name="kp-section",
    )


def _table(
    rows: rx.Var[list[KeyRow]],
    columns: Sequence[tuple[str, str]],
    cells: Callable[[rx.Var[KeyRow]], Sequence[rx.Component]],
) -> rx.Component:
    headings = (("Key id", ""), ("State", ""), *columns)
    return rx.table.root(
        rx.table.header(
            rx.table.row(*[rx.table.column_header_cell(word, class_name=look) for word, look in headings])
        ),
        rx.table.body(rx.foreach(rows, lambda row: _key(row, cells(row)))),
        variant="ghost",
        class_name="kp-table kp-encryption-keys",
    )


def _in_use(row: rx.Var[KeyRow]) -> Sequence[rx.Component]:
    return (
        _labelled("Needed by", rx.el.span(row.needed, data_testid="key-values"), "kp-number"),
        _labelled("Sealed", row.seals, "kp-number kp-wide"),
        _labelled("First used", moment(row.since), "kp-number"),
    )


def _former(row: rx.Var[KeyRow]) -> Sequence[rx.Component]:
    return (
        _labelled("Sealed", row.seals, "kp-number kp-wide"),
        _labelled("First used", moment(row.since), "kp-number kp-wide"),
        _labelled("Ended", moment(row.ended_at), "kp-number"),
    )


def _key(row: rx.Var[KeyRow], cells: Sequence[rx.Component]) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(_key_id(row), class_name="kp-first"),
        rx.table.cell(look_badge(row.state, ENCRYPTION_KEY, "key-state")),
        *cells,
        key=row.id,
        class_name="kp-row",
        custom_attrs={"data-key-id": row.id},
        data_testid="encryption-key",
    )


def _labelled(label: str, value: rx.Component | rx.Var[str], look: str) -> rx.Component:
    """A cell that names its column where the table becomes a list."""
    return rx.table.cell(value, class_name=look, custom_attrs={"data-label": label})


def _key_id(row: rx.Var[KeyRow]) -> rx.Component:
    field_id = "key-id-" + row.id
    return rx.box(
        rx.el.input(
            id=field_id,
            read_only=True,
            value=row.id,
            size="8",
            aria_label="Key id",
            class_name="kp-mono kp-key-id",
        ),
        rx.button(
            rx.icon("copy", size=14, aria_hidden="true"),
            rx.el.span("Copy", aria_live="polite"),
            type="button",
            size="1",
            variant="ghost",
            title="Copy key id " + row.id,
            custom_attrs={"data-copy-from": field_id},
            data_testid="copy-key-id",
        ),
        class_name="kp-key-id-cell",
    )


def servers() -> rx.Component:
    shown = EncryptionState.shown
    return rx.el.section(
        rx.heading("Running servers", size="4", as_="h2", id="encryption-servers"),
        rx.text(
            "Each has to hold the current key before values are re-sealed. One that was killed is listed for"
            " a minute.",
            class_name="kp-sub",
        ),
        rx.cond(
            shown.servers.length() > 0,
            rx.el.ul(rx.foreach(shown.servers, _server), class_name="kp-lines"),
            rx.text("No server has said yet that it runs.", size="2"),
        ),
        aria_labelledby="encryption-servers",
        class_name="kp-section",
    )


def _server(row: rx.Var[ServerRow]) -> rx.Component:
    return rx.el.li(
        rx.box(
            rx.text(row.name, size="2", class_name="kp-anywhere"),
            rx.text(
                row.serves,
                rx.cond(row.is_this, " · answers you now", ""),
                " · started ",
                moment(row.since),
                " · seen ",
                moment(row.seen_at),
                class_name="kp-sub",
            ),
            class_name="kp-line-words",
        ),
        rx.cond(
            row.holds_current,
            rx.badge(
                rx.icon("circle-check", size=12, aria_hidden="true"),
                "Has the key",
                color_scheme="green",
                high_contrast=True,
            ),
            rx.badge(
                rx.icon("rotate-cw", size=12, aria_hidden="true"),
                "Restart it",
                color_scheme="red",
                high_contrast=True,
            ),
        ),
        key=row.name,
        data_testid="server",
    )
