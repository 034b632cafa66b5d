"""The button that copies a field. It works in the browser alone, see assets/copy.js."""

import reflex as rx


def copy_button(field_id: str, test_id: str) -> rx.Component:
    """Copy what stands in the field with this id."""
    return rx.button(
        rx.icon("copy", size=14, aria_hidden="true"),
        rx.el.span("Copy", aria_live="polite"),
        type="button",
        size="1",
        variant="soft",
        custom_attrs={"data-copy-from": field_id},
        data_testid=test_id,
    )
