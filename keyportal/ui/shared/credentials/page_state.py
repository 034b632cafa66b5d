"""What the parts of a page of keys share: whose keys it shows, and whether its tab is still theirs."""

import asyncio
from typing import ClassVar

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal
from keyportal.services import sessions
from keyportal.ui.shared.credentials.rows import CredentialRowView
from keyportal.ui.shared.guards import principal_bound_to
from keyportal.ui.shared.session import current_portal
from keyportal.ui.shared.table.state import TableState


class CredentialPageState(TableState, mixin=True):
    """A list with `ownership`, whose keys; the guard and the services check that against the principal."""

    ownership: ClassVar[Ownership] = Ownership.USER

    rows: list[CredentialRowView] = []
    testing_ids: list[str] = []
    # Of these it can be asked whether a key may use a model.
    model_providers: list[str] = []
    _model_hints: dict[str, str] = {}

    async def _is_still_there(self, principal: Principal) -> bool:
        """Tell whether the tab belongs to who asked, and they are signed in: else they are told nothing."""
        bound, digest = principal_bound_to(self), principal.session_digest
        if bound is None or (bound.user_id, bound.session_digest) != (principal.user_id, digest):
            return False
        if digest is None:
            return True
        return digest in await asyncio.to_thread(sessions.live_sessions, current_portal(), [digest])
