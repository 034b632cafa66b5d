"""All that a page of keys does: its list, its form, its tests. One mixin, two screens."""

from keyportal.ui.shared.credentials.batch_state import BatchState
from keyportal.ui.shared.credentials.check_state import CheckDialogState
from keyportal.ui.shared.credentials.form_test_state import FormTestState
from keyportal.ui.shared.credentials.state import CredentialListState


class CredentialScreenState(CredentialListState, BatchState, CheckDialogState, FormTestState, mixin=True):
    """The list comes first: the others refresh it."""
