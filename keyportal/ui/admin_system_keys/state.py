"""The system keys. Every handler of this state needs an admin, whatever it does."""

from typing import ClassVar

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Permission
from keyportal.ui import routes
from keyportal.ui.shared.credentials.screen_state import CredentialScreenState
from keyportal.ui.shared.credentials.state import rules_of
from keyportal.ui.shared.imports.state import ImportState
from keyportal.ui.shared.session import SessionState
from keyportal.ui.shared.table.listing import TableRules


class SystemCredentialsState(CredentialScreenState, ImportState, SessionState):
    ownership: ClassVar[Ownership] = Ownership.SYSTEM
    rules: ClassVar[TableRules] = rules_of(routes.SYSTEM_KEYS)
    required_permission: ClassVar[Permission | None] = Permission.SYSTEM_CREDENTIALS_WRITE
