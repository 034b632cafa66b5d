"""The page of the encryption key: where it stands, re-sealing what is left, opening everything once.

What is left is told by the database, never by a tab: another tab and a reload see the same.
"""

import asyncio
import time
from typing import ClassVar

import reflex as rx

from keyportal.domain.errors import KeyPortalError
from keyportal.domain.principals import Permission, Principal
from keyportal.services import encryption_keys, encryption_overview, encryption_rotation
from keyportal.services.encryption_rotation import RotationReport
from keyportal.ui.admin_encryption.values import Shown, shown_of
from keyportal.ui.admin_encryption.words import Verdict, outcome_of, verdict_of
from keyportal.ui.shared.guards import guarded, principal_bound_to
from keyportal.ui.shared.session import SessionState, current_portal

_LOOKED_LATELY_S = 1.0


class EncryptionState(SessionState):
    required_permission: ClassVar[Permission | None] = Permission.ENCRYPTION_KEY_READ

    shown: Shown = Shown()
    is_loaded: bool = False
    is_resealing: bool = False
    outcome: str = ""
    problem: str = ""
    look_problem: str = ""
    is_verifying: bool = False
    verdict: Verdict = Verdict()
    verify_problem: str = ""
    _looked_at: float = 0.0

    @rx.event
    @guarded(Permission.ENCRYPTION_KEY_READ)
    async def load(self) -> None:
        """Begin anew. What another tab or a server that ended left here is not true any more."""
        self.is_resealing = self.is_verifying = False
        self.outcome = self.problem = self.verify_problem = ""
        self.verdict = Verdict()
        await self._look()

    @rx.event
    @guarded(Permission.ENCRYPTION_KEY_READ)
    async def look(self) -> None:
        """Read where everything stands."""
        self.problem = ""
        await self._look()

    @rx.event
    @guarded(Permission.ENCRYPTION_KEY_READ)
    async def keep_looking(self) -> None:
        """Read it once more: the page asks every two seconds while values are re-sealed."""
        # Where reading takes longer than that, those that waited for it are let go.
        if abs(time.monotonic() - self._looked_at) > _LOOKED_LATELY_S:
            await self._look()

    @rx.event(background=True)
    @guarded(Permission.ENCRYPTION_KEY_ROTATE)
    async def reseal(self) -> None:
        """Re-seal whatever is left. It goes on where this tab is closed: the work is the server's."""
        async with self:
            principal = principal_bound_to(self)
            if self.is_resealing or principal is None:
                return
            self.is_resealing, self.outcome, self.problem = True, "", ""
        outcome, problem = "", KeyPortalError.message
        try:
            outcome, problem = outcome_of(await _rotated(principal)), ""
        except KeyPortalError as refusal:
            problem = refusal.message
        finally:
            async with self:
                self.is_resealing = False
                if is_still(principal, principal_bound_to(self)):
                    self.outcome, self.problem = outcome, problem
                    await self._look()

    @rx.event(background=True)
    @guarded(Permission.ENCRYPTION_KEY_ROTATE)
    async def verify(self) -> None:
        """Open every value once, beside everything else."""
        async with self:
            principal = principal_bound_to(self)
            if self.is_verifying or principal is None:
                return
            self.is_verifying, self.verdict, self.verify_problem = True, Verdict(), ""
        verdict, problem = Verdict(), KeyPortalError.message
        try:
            openings = await asyncio.to_thread(encryption_keys.verify, current_portal(), principal)
            verdict, problem = verdict_of(openings), ""
        except KeyPortalError as refusal:
            problem = refusal.message
        finally:
            async with self:
                self.is_verifying = False
                if is_still(principal, principal_bound_to(self)):
                    self.verdict, self.verify_problem = verdict, problem

    async def _look(self) -> None:
        """Show what is there now. Where that cannot be read, what was there stays, and the page says so."""
        try:
            found = await self._call(encryption_overview.overview_of, current_portal(), self._principal())
        except KeyPortalError as refusal:
            self.look_problem = refusal.message
            return
        self.shown, self.is_loaded, self.look_problem = shown_of(found), True, ""
        self._looked_at = time.monotonic()


async def _rotated(principal: Principal) -> RotationReport:
    # A task of its own: whatever ends the event of a tab does not end the rotation.
    working = asyncio.create_task(
        asyncio.to_thread(encryption_rotation.rotate, current_portal(), principal, _stop_with_the_server)
    )
    return await asyncio.shield(working)


def _stop_with_the_server(_done: int, _total: int) -> None:
    """Raise between two batches once the portal is closed. What is done stays done."""
    current_portal()


def is_still(before: Principal, now: Principal | None) -> bool:
    """Tell whether the tab still belongs to the one who asked, with the rights they had."""
    return now is not None and (now.user_id, now.role) == (before.user_id, before.role)
