"""The chains of the person signed in."""

from dataclasses import dataclass

import reflex as rx

from keyportal.domain.principals import Permission
from keyportal.services import overview
from keyportal.services.overview import ChainView
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import SessionState, current_portal

_NOT_NEEDED_SHOWN = 3


@dataclass(frozen=True)
class StepRow:
    source: str
    name: str
    mask: str
    verdict: str
    situation: str


@dataclass(frozen=True)
class ChainRow:
    provider: str
    provider_name: str
    initials: str
    source: str
    reason: str
    steps: list[StepRow]
    hidden_steps: list[StepRow]


class OverviewState(SessionState):
    chains: list[ChainRow] = []
    without_key: int = 0
    is_loaded: bool = False

    @rx.event
    @guarded(Permission.CHAIN_READ)
    async def load(self) -> None:
        found = await self._call(overview.overview_for, current_portal(), self._principal())
        self.chains, self.without_key = [_row(v) for v in found.chains], found.without_key
        self.is_loaded = True


def _row(view: ChainView) -> ChainRow:
    steps = [StepRow(s.source, s.name, s.mask, s.verdict, s.situation) for s in view.steps]
    folded = [i for i, s in enumerate(steps) if s.verdict == "not_reached"][_NOT_NEEDED_SHOWN:]
    return ChainRow(
        provider=view.provider,
        provider_name=view.provider_name,
        initials=view.initials,
        source=view.source,
        reason=view.reason,
        steps=[s for i, s in enumerate(steps) if i not in folded],
        hidden_steps=[steps[i] for i in folded],
    )
