"""The system keys. Every handler of this state needs an admin, whatever it does."""

from typing import ClassVar

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Permission
from keyportal.ui.shared.credentials.form_state import CredentialFormState
from keyportal.ui.shared.credentials.state import CredentialListState
from keyportal.ui.shared.session import SessionState


class SystemCredentialsState(CredentialListState, CredentialFormState, SessionState):
    ownership: ClassVar[Ownership] = Ownership.SYSTEM
    required_permission: ClassVar[Permission | None] = Permission.SYSTEM_CREDENTIALS_WRITE
