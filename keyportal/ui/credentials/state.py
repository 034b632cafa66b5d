"""A member's own keys."""

from typing import ClassVar

from keyportal.domain.credentials import Ownership
from keyportal.ui.shared.credentials.form_state import CredentialFormState
from keyportal.ui.shared.credentials.state import CredentialListState
from keyportal.ui.shared.session import SessionState


class OwnCredentialsState(CredentialListState, CredentialFormState, SessionState):
    ownership: ClassVar[Ownership] = Ownership.USER
