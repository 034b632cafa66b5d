"""The system keys. Every handler of this state needs an admin, whatever it does."""

from typing import ClassVar

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Permission
from keyportal.ui.shared.credentials.screen_state import CredentialScreenState
from keyportal.ui.shared.session import SessionState


class SystemCredentialsState(CredentialScreenState, SessionState):
    ownership: ClassVar[Ownership] = Ownership.SYSTEM
    required_permission: ClassVar[Permission | None] = Permission.SYSTEM_CREDENTIALS_WRITE
