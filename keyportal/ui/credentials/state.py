"""A member's own keys."""

from typing import ClassVar

from keyportal.domain.credentials import Ownership
from keyportal.ui import routes
from keyportal.ui.shared.credentials.screen_state import CredentialScreenState
from keyportal.ui.shared.credentials.state import rules_of
from keyportal.ui.shared.imports.state import ImportState
from keyportal.ui.shared.session import SessionState
from keyportal.ui.shared.table.listing import TableRules


class OwnCredentialsState(CredentialScreenState, ImportState, SessionState):
    ownership: ClassVar[Ownership] = Ownership.USER
    rules: ClassVar[TableRules] = rules_of(routes.API_KEYS)
