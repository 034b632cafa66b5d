"""The button that copies a field. It works in the browser alone, see assets/copy.js."""

import reflex as rx


def copy_button(field_id: str, test_id: str, *, takes_focus: bool = False) -> rx.Component:
    """Copy what stands in the field with this id. What is to be done first takes the focus, and is larger."""
    return rx.button(
        rx.icon("copy", size=14, aria_hidden="true"),
        rx.el.span("Copy", aria_live="polite"),
        type="button",
        size="2" if takes_focus else "1",
        variant="solid" if takes_focus else "soft",
        auto_focus=takes_focus,
        custom_attrs={"data-copy-from": field_id},
        data_testid=test_id,
    )
