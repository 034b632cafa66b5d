"""Everything that opens over a page of keys."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.credentials.drawer import details_drawer
from keyportal.ui.shared.credentials.form import credential_dialogs
from keyportal.ui.shared.credentials.order import order_dialog
from keyportal.ui.shared.credentials.rotation import rotation_dialog
from keyportal.ui.shared.widgets.forms import danger_dialog


def key_dialogs(state: Any) -> rx.Component:
    """The drawer first: what is opened from it lies over it."""
    return rx.fragment(
        details_drawer(state),
        order_dialog(state),
        rotation_dialog(state),
        credential_dialogs(state),
        danger_dialog(
            is_open=state.doomed_ids.length() > 0,
            on_open_change=state.keep_selected,
            title="Delete " + state.doomed_count + "?",
            consequence=state.doomed_names
            + ". "
            + state.doomed_leaves
            + " Their values are wiped at once. This cannot be undone.",
            act="Delete " + state.doomed_count,
            on_confirm=state.confirm_delete_selected,
            test_id="confirm-delete-selected",
        ),
    )
