"""Which key would be used for me right now, per provider, and why. Releases nothing."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from keyportal.domain.errors import NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.sentences import Sentence
from keyportal.domain.text import search_key
from keyportal.persistence import chains, users
from keyportal.persistence.chains import Turn
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.providers.base import Provider
from keyportal.resolver import Decision, Situation, Step, Verdict
from keyportal.services import chain_words
from keyportal.services.chains import Sources, rule_of, sources_among
from keyportal.services.consequences import after_deletion as after_deletion
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal
from keyportal.services.providers import initials_of

# How many keys of one level are shown.
MOST_SHOWN = 20


@dataclass(frozen=True)
class StepView:
    """One place that is asked. `verdict` is used, skipped, blocks or not_reached."""

    source: str
    name: str
    mask: str
    verdict: str
    situation: Sentence


@dataclass(frozen=True)
class ChainView:
    """The chain of one provider. `source` is user, system, environment, none, blocked or off.

    Of a long chain the steps are the first of each level and the one that is used; `more` counts the rest.
    """

    provider: str
    provider_name: str
    initials: str
    source: str
    reason: Sentence
    steps: tuple[StepView, ...]
    more: int = 0


@dataclass(frozen=True)
class _Level:
    """The keys of one owner for one provider that were read, in their order, and how many there are."""

    turns: tuple[Turn, ...] = ()
    total: int = 0

    @classmethod
    def of(cls, bound: Sequence[Turn], linked: Sequence[Turn]) -> "_Level":
        before = bound[0].total if bound else 0
        behind = (replace(turn, place=before + turn.place) for turn in linked)
        return cls((*bound, *behind), before + (linked[0].total if linked else 0))

    def before(self, key_id: str) -> int:
        """Return how many keys come before this one; all of them, if it is not among them."""
        return next((turn.place - 1 for turn in self.turns if turn.row.id == key_id), self.total)


@dataclass(frozen=True)
class _Chain:
    sources: Sources
    own: _Level
    system: _Level

    def passed_over(self) -> int:
        """Return how many saved keys the search goes past."""
        decision = self.sources.decision
        end = decision.winner or decision.blocked_by
        key_id = end.id if end else ""
        own = self.own.before(key_id)
        return own if own < self.own.total else own + self.system.before(key_id)

    def steps(self) -> list[Step]:
        """Return the steps to show: the first of each level, and what the search ends at."""
        first = {t.row.id for level in (self.own, self.system) for t in level.turns if t.place <= MOST_SHOWN}
        ends = (Verdict.USED, Verdict.BLOCKS)
        steps = self.sources.decision.steps
        return [s for s in steps if not s.candidate.id or s.candidate.id in first or s.verdict in ends]


@dataclass(frozen=True)
class OverviewView:
    """The chains of the providers in use, and how many others a key could be added for."""

    chains: tuple[ChainView, ...]
    without_key: int


def overview_for(portal: Portal, principal: Principal) -> OverviewView:
    """Return the chains that have a key in them, the usable first, in one query for all providers."""
    principal.require(Permission.CHAIN_READ)
    if principal.user_id is None:
        raise NotFound
    registry = portal.providers
    views, without_key = [], 0
    with portal.database.reading() as session:
        found = list(_chains(portal, session, principal.user_id, registry.all()))
    for provider, chain in found:
        is_enabled = registry.is_enabled(provider.id)
        if _is_in_use(chain.sources.decision, is_enabled=is_enabled):
            views.append(_view(provider, chain, is_enabled=is_enabled))
        else:
            without_key += is_enabled
    return OverviewView(tuple(sorted(views, key=lambda v: v.source in ("none", "off"))), without_key)


def explain(portal: Portal, principal: Principal, provider_id: str, user: str) -> ChainView:
    """Return one provider's chain for any person, by email; for those who may act for anybody."""
    principal.require(Permission.SECRETS_RELEASE_ANY)
    provider = portal.providers.get(provider_id)
    with portal.database.reading() as session:
        person = users.find_user_by_email(session, search_key(user))
    if person is None:
        raise NotFound("There is no person with this email.")
    return _chain(portal, person.id, provider)


def _chains(
    portal: Portal, session: Session, user_id: str, wanted: Sequence[Provider]
) -> Iterator[tuple[Provider, _Chain]]:
    """Yield providers with their chain for one person, from as many queries as for one provider."""
    owners = (user_id, SYSTEM_OWNER)
    policies = policies_in(session)
    rule = rule_of(portal, policies)
    only = wanted[0].id if len(wanted) == 1 else None
    bound: defaultdict[tuple[str, str], list[Turn]] = defaultdict(list)
    linked: defaultdict[tuple[str, str], list[Turn]] = defaultdict(list)
    for turn in chains.shown(session, owners, rule, MOST_SHOWN, only):
        to, provider_id = (linked, turn.link.provider) if turn.link else (bound, turn.row.provider)
        to[turn.row.owner_key, provider_id].append(turn)
    for provider in wanted:
        own, system = (_Level.of(bound[o, provider.id], linked[o, provider.id]) for o in owners)
        sources = sources_among(portal, provider, own.turns, system.turns, policies, rule)
        yield provider, _Chain(sources, own, system)


def _chain(portal: Portal, user_id: str, provider: Provider) -> ChainView:
    with portal.database.reading() as session:
        ((_, chain),) = _chains(portal, session, user_id, [provider])
    return _view(provider, chain, is_enabled=portal.providers.is_enabled(provider.id))


def _view(provider: Provider, chain: _Chain, *, is_enabled: bool) -> ChainView:
    sources, steps = chain.sources, chain.steps()
    view = ChainView(
        provider=provider.id,
        provider_name=provider.name,
        initials=initials_of(provider.name),
        source=_source(sources.decision),
        reason=chain_words.reason(provider, sources, chain.passed_over()),
        steps=tuple(_step(sources, s) for s in steps),
        more=chain.own.total + chain.system.total - sum(bool(s.candidate.id) for s in steps),
    )
    if is_enabled:
        return view
    return replace(
        view,
        source="off",
        reason=Sentence(
            f"{provider.name} is turned off by an admin. Its keys stay, and count again once it is on."
        ),
        steps=tuple(replace(step, verdict=str(Verdict.SKIPPED)) for step in view.steps),
    )


def _is_in_use(decision: Decision, *, is_enabled: bool) -> bool:
    """Tell whether a chain has a key in it: a saved one in any state, or a usable variable."""
    return any(
        c.id or (is_enabled and c.situation is Situation.USABLE)
        for c in (s.candidate for s in decision.steps)
    )


def _step(sources: Sources, step: Step) -> StepView:
    c = step.candidate
    return StepView(c.source, c.name, c.mask, step.verdict, chain_words.situation(sources, step))


def _source(decision: Decision) -> str:
    if decision.winner is not None:
        return decision.winner.source
    return "blocked" if decision.blocked_by is not None else "none"
