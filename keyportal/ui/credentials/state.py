"""A member's own keys."""

from typing import ClassVar

from keyportal.domain.credentials import Ownership
from keyportal.ui.shared.credentials.screen_state import CredentialScreenState
from keyportal.ui.shared.session import SessionState


class OwnCredentialsState(CredentialScreenState, SessionState):
    ownership: ClassVar[Ownership] = Ownership.USER
