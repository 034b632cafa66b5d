"""Verifying the chain from the page: it takes its time, so it runs beside everything else."""

import asyncio

import reflex as rx

from keyportal.domain.errors import KeyPortalError
from keyportal.domain.principals import Permission, Principal
from keyportal.services import audit_verification
from keyportal.services.audit_verification import VerificationView
from keyportal.ui.admin_audit.rows import Verification, verification
from keyportal.ui.shared.guards import guarded, principal_bound_to
from keyportal.ui.shared.session import SessionState, current_portal

_TELL_EVERY_S = 0.4


class VerifyingState(SessionState, mixin=True):
    """For the state of the audit page."""

    verified: Verification = Verification()
    is_verifying: bool = False
    verified_so_far: str = ""
    verify_problem: str = ""

    @rx.event(background=True)
    @guarded(Permission.AUDIT_READ)
    async def verify_now(self) -> None:
        """Hold the state only to tell how far it is, never while events are read."""
        async with self:
            principal = principal_bound_to(self)
            if self.is_verifying or principal is None:
                return
            self.is_verifying, self.verified_so_far, self.verify_problem = True, "0", ""
        view, problem = None, KeyPortalError.message
        try:
            view, problem = await self._verify(principal), ""
        except KeyPortalError as refusal:
            problem = refusal.message
        finally:
            async with self:
                self.is_verifying = False
                if _is_still(principal, principal_bound_to(self)):
                    self.verify_problem = problem
                    self.verified = verification(view) if view else self.verified

    async def _verify(self, principal: Principal) -> VerificationView:
        read: list[int] = [0]
        walking = asyncio.create_task(
            asyncio.to_thread(audit_verification.verify, current_portal(), principal, read.append)
        )
        while not (await asyncio.wait([walking], timeout=_TELL_EVERY_S))[0]:
            async with self:
                self.verified_so_far = f"{read[-1]:,}"
        return walking.result()

    async def _show_verification(self) -> None:
        found = await self._call(audit_verification.last_verification, current_portal(), self._principal())
        self.verified, self.verify_problem = verification(found), ""


def _is_still(before: Principal, now: Principal | None) -> bool:
    """Tell whether the tab still belongs to the one who asked, with the rights they had."""
    return now is not None and (now.user_id, now.role) == (before.user_id, before.role)
