"""All that a page of keys does: its list, its form, its tests, its details. One mixin, two screens."""

from keyportal.ui.shared.credentials.batch_state import BatchState
from keyportal.ui.shared.credentials.bulk_state import BulkState
from keyportal.ui.shared.credentials.check_state import CheckDialogState
from keyportal.ui.shared.credentials.details_state import DetailsState
from keyportal.ui.shared.credentials.form_test_state import FormTestState
from keyportal.ui.shared.credentials.order_state import OrderState
from keyportal.ui.shared.credentials.rotation_state import RotationState
from keyportal.ui.shared.credentials.state import CredentialListState


class CredentialScreenState(
    DetailsState,
    CredentialListState,
    BulkState,
    BatchState,
    OrderState,
    RotationState,
    CheckDialogState,
    FormTestState,
    mixin=True,
):
    """The details come first, then the list: the others refresh both."""
