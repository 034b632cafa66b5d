"""What the person signed in should know first: how far they have come, what needs them, what is used."""

from dataclasses import dataclass
from urllib.parse import urlencode

import reflex as rx

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Permission
from keyportal.services import attention, getting_started, overview
from keyportal.services.attention import AttentionView, Concern
from keyportal.services.getting_started import StartView
from keyportal.services.overview import ChainView
from keyportal.ui import routes
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.sentences import Part, parts_of
from keyportal.ui.shared.session import SessionState, current_portal

_NOT_NEEDED_SHOWN = 3


@dataclass(frozen=True)
class StepRow:
    source: str
    name: str
    mask: str
    verdict: str
    situation: list[Part]


@dataclass(frozen=True)
class ChainRow:
    provider: str
    provider_name: str
    initials: str
    source: str
    reason: list[Part]
    steps: list[StepRow]
    hidden_steps: list[StepRow]
    more: str


@dataclass(frozen=True)
class AttentionRow:
    """`href` leads to where it can be put right."""

    key: str
    concern: str
    source: str
    name: str
    mask: str
    provider_name: str
    initials: str
    sentence: list[Part]
    at: str
    act: str
    href: str


@dataclass(frozen=True)
class StartSteps:
    """The first-run checklist. `done` of four steps are done."""

    has_key: bool = False
    has_checked_key: bool = False
    has_agent_key: bool = False
    has_used_agent_key: bool = False
    is_served: bool = False
    done: int = 0


class OverviewState(SessionState):
    chains: list[ChainRow] = []
    without_key: int = 0
    attention: list[AttentionRow] = []
    has_more_attention: bool = False
    start: StartSteps = StartSteps()
    is_started: bool = True
    is_loaded: bool = False

    @rx.event
    @guarded(Permission.CHAIN_READ)
    async def load(self) -> None:
        portal, principal = current_portal(), self._principal()
        found = await self._call(overview.overview_for, portal, principal)
        urgent = await self._call(attention.attention_for, portal, principal)
        start = await self._call(getting_started.start_of, portal, principal)
        self.chains, self.without_key = [_row(v) for v in found.chains], found.without_key
        self.attention, self.has_more_attention = [_attention(v) for v in urgent.items], urgent.has_more
        self.attention_count = len(urgent.items)
        self.start, self.is_started = _steps(start), start.is_done
        self.is_loaded = True


def _row(view: ChainView) -> ChainRow:
    steps = [StepRow(s.source, s.name, s.mask, s.verdict, parts_of(s.situation)) for s in view.steps]
    folded = [i for i, s in enumerate(steps) if s.verdict == "not_reached"][_NOT_NEEDED_SHOWN:]
    return ChainRow(
        provider=view.provider,
        provider_name=view.provider_name,
        initials=view.initials,
        source=view.source,
        reason=parts_of(view.reason),
        steps=[s for i, s in enumerate(steps) if i not in folded],
        hidden_steps=[steps[i] for i in folded],
        more=f"and {view.more:,} more" if view.more else "",
    )


_ACTS = {
    Concern.UNREADABLE: "Enter again",
    Concern.RE_ENTER: "Enter value",
    Concern.FAILING: "Fix",
    Concern.REPORTED: "Test",
    Concern.STEPS_BACK: "Test",
    Concern.EXPIRED: "Review",
    Concern.EXPIRING: "Rotate",
    Concern.REMINDER: "Rotate",
    Concern.AGENT_KEY_EXPIRING: "Rotate",
    Concern.UNUSED: "Review",
}


def _attention(view: AttentionView) -> AttentionRow:
    return AttentionRow(
        key=f"{view.concern}-{view.id}",
        concern=view.concern,
        source=view.ownership,
        name=view.name,
        mask=view.mask,
        provider_name=view.provider_name,
        initials=view.initials,
        sentence=parts_of(view.sentence),
        at=view.at.isoformat() if view.at else "",
        act="Review" if view.is_retired else _ACTS[Concern(view.concern)],
        href=_where(view),
    )


def _where(view: AttentionView) -> str:
    if view.concern == Concern.AGENT_KEY_EXPIRING:
        return f"{routes.AGENT_KEYS}?{urlencode({'q': view.name})}"
    list_ = routes.SYSTEM_KEYS if view.ownership == Ownership.SYSTEM else routes.API_KEYS
    return f"{list_}?open={view.id}"


def _steps(view: StartView) -> StartSteps:
    done = (view.has_key, view.has_checked_key, view.has_agent_key, view.has_used_agent_key)
    return StartSteps(*done, is_served=view.is_served, done=sum(done))
