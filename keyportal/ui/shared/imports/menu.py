"""The items of a page's menu that lead keys in and out."""

from typing import Any

import reflex as rx


def import_items(state: Any, export_path: str) -> list[rx.Component]:
    """The items of a page's menu: import, and the two files to download."""
    return [
        rx.dropdown_menu.item(
            rx.icon("upload", size=14, aria_hidden="true"),
            "Import keys…",
            on_select=state.open_import,
            data_testid="import-keys",
        ),
        rx.dropdown_menu.separator(),
        _download("Export as CSV", f"{export_path}?format=csv", "export-csv"),
        _download("Export as .env template", f"{export_path}?format=env", "export-env"),
    ]


def _download(word: str, href: str, test_id: str) -> rx.Component:
    """A link of the browser's own: the answer is a file."""
    return rx.dropdown_menu.item(
        rx.el.a(
            rx.icon("download", size=14, aria_hidden="true"),
            word,
            href=href,
            download=True,
            # Else the router takes it for a page of ours.
            custom_attrs={"reloadDocument": True},
            class_name="kp-menu-link",
            data_testid=test_id,
        ),
        as_child=True,
    )
