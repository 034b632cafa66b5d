"""Which key would be used for me right now, per provider, and why. Releases nothing."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from keyportal.domain.errors import NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.text import search_key
from keyportal.persistence import chains, users
from keyportal.persistence.chains import Turn
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.providers.base import Provider
from keyportal.resolver import Candidate, Decision, Situation, Source, Step, Verdict
from keyportal.services.chains import Sources, rule_of, saved_address, sources_among, stays_elsewhere
from keyportal.services.consequences import after_deletion as after_deletion
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal
from keyportal.services.providers import initials_of
from keyportal.services.reported_health import fault_of, why_back

_SITUATIONS = {
    Situation.USABLE: "ready",
    Situation.INACTIVE: "switched off",
    Situation.EXPIRED: "expired",
    Situation.UNREADABLE: "cannot be decrypted",
    Situation.RE_ENTER: "waiting for its value",
    Situation.ABSENT: "not set",
    Situation.PLACEHOLDER: "holds a placeholder",
}

_NONE = "No key anywhere. Add your own, or ask an admin for a system key."
# How many keys that were passed over the reason names.
_NAMED = 2
# How many keys of one level are shown.
MOST_SHOWN = 20


@dataclass(frozen=True)
class StepView:
    """One place that is asked. `verdict` is used, skipped, blocks or not_reached."""

    source: str
    name: str
    mask: str
    verdict: str
    situation: str


@dataclass(frozen=True)
class ChainView:
    """The chain of one provider. `source` is user, system, environment, none, blocked or off.

    Of a long chain the steps are the first of each level and the one that is used; `more` counts the rest.
    """

    provider: str
    provider_name: str
    initials: str
    source: str
    reason: str
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
    reason = _reason(sources, chain.passed_over())
    view = ChainView(
        provider=provider.id,
        provider_name=provider.name,
        initials=initials_of(provider.name),
        source=_source(sources.decision),
        reason=reason + _where(provider, sources) + _without_variables(provider, sources),
        steps=tuple(_step(sources, s) for s in steps),
        more=chain.own.total + chain.system.total - sum(bool(s.candidate.id) for s in steps),
    )
    if is_enabled:
        return view
    return replace(
        view,
        source="off",
        reason=f"{provider.name} is turned off by an admin. Its keys stay, and count again once it is on.",
        steps=tuple(replace(step, verdict=str(Verdict.SKIPPED)) for step in view.steps),
    )


def _is_in_use(decision: Decision, *, is_enabled: bool) -> bool:
    """Tell whether a chain has a key in it: a saved one in any state, or a usable variable."""
    return any(
        c.id or (is_enabled and c.situation is Situation.USABLE)
        for c in (s.candidate for s in decision.steps)
    )


def _where(provider: Provider, sources: Sources) -> str:
    """Say where the winner is used, if that is not where its provider is by now."""
    winner = sources.decision.winner
    row = sources.rows.get(winner.id) if winner else None
    if row is None:
        return ""
    link = sources.links.get(row.id)
    if not stays_elsewhere(provider, row, link):
        return ""
    host = saved_address(row, link).partition("://")[2].partition("/")[0] or "no address"
    if row.provider and row.provider != provider.id:
        return f" It is linked here, and stays with {host}, which it was saved for."
    if not row.provider:
        return f" It stays with {host}, which it was linked for, until it is linked again."
    return f" It stays with {host}, which it was saved for, until its value is entered again."


def _without_variables(provider: Provider, sources: Sources) -> str:
    if sources.decision.winner is not None or sources.policies.uses_environment(provider.id):
        return ""
    return " The server's variables are not asked: a policy turned them off."


def _step(sources: Sources, step: Step) -> StepView:
    c = step.candidate
    return StepView(c.source, c.name, c.mask, step.verdict, _situation(sources, c))


def _is_or_was(candidate: Candidate) -> str:
    return "was" if candidate.situation is Situation.FAILING else "is"


def _situation(sources: Sources, candidate: Candidate) -> str:
    if candidate.situation is Situation.FAILING:
        return why_back(sources.rows[candidate.id], sources.rule.now)
    return _SITUATIONS[candidate.situation]


def _source(decision: Decision) -> str:
    if decision.winner is not None:
        return decision.winner.source
    return "blocked" if decision.blocked_by is not None else "none"


def _reason(sources: Sources, passed_over: int) -> str:
    decision = sources.decision
    if (blocked := decision.blocked_by) is not None:
        if blocked.situation is Situation.RE_ENTER:
            return f"{blocked.name} waits for its value. Enter it: nothing else is used in its place."
        return f"{blocked.name} cannot be decrypted. Replace its value: nothing else is used in its place."
    skipped = [s.candidate for s in decision.steps if s.verdict is Verdict.SKIPPED and s.candidate.id]
    passed = "".join(f" {c.name} {_is_or_was(c)} {_situation(sources, c)}." for c in skipped[:_NAMED])
    if passed_over > _NAMED:
        passed += f" {passed_over - _NAMED:,} more cannot be used."
    if decision.winner is None:
        return f"No key can be used.{passed} Bring one back, or add another." if passed else _NONE
    if decision.winner.situation is Situation.FAILING:
        fault = fault_of(sources.rows[decision.winner.id])
        return f"{decision.winner.name} is used although it was {fault}: nothing else is left.{passed}"
    match decision.winner.source:
        case Source.USER:
            return f"Your own key {decision.winner.name} comes first.{passed}"
        case Source.SYSTEM:
            return f"You have no usable key of your own, so the system key is used.{passed}"
        case Source.ENVIRONMENT:
            return f"There is no usable saved key, so the server's {decision.winner.name} is used.{passed}"
