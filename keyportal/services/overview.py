"""Which key would be used for me right now, per provider, and why. Releases nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from keyportal.domain.errors import NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.text import search_key
from keyportal.persistence import links, providers, users
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.persistence.tables import CredentialRow
from keyportal.providers.base import Provider
from keyportal.resolver import Decision, Situation, Source, Step, Verdict
from keyportal.services.chains import (
    OwnedKeys,
    Sources,
    decide,
    saved_address,
    sources_among,
    stays_elsewhere,
)
from keyportal.services.consequences import after_deletion as after_deletion
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal
from keyportal.services.providers import initials_of

_SITUATIONS = {
    Situation.USABLE: "ready",
    Situation.FAILING: "refused or without quota",
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
    """The whole chain of one provider. `source` is user, system, environment, none, blocked or off."""

    provider: str
    provider_name: str
    initials: str
    source: str
    reason: str
    steps: tuple[StepView, ...]


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
    for provider, sources in _all_sources(portal, principal.user_id):
        is_enabled = registry.is_enabled(provider.id)
        if _is_in_use(sources.decision, is_enabled=is_enabled):
            views.append(_view(provider, sources, is_enabled=is_enabled))
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


def _all_sources(portal: Portal, user_id: str) -> Iterator[tuple[Provider, Sources]]:
    """Yield every provider with its chain for one person, from as many queries as for one provider."""
    owners = (user_id, SYSTEM_OWNER)
    with portal.database.reading() as session:
        rows = providers.chains_by_provider(session, owners)
        linked = links.links_by_provider(session, owners)
        policies = policies_in(session)
    by_id: dict[str, dict[str, CredentialRow]] = {owner: {} for owner in owners}
    for (owner, _), found in rows.items():
        by_id[owner].update((row.id, row) for row in found)
    for provider in portal.providers.all():
        own, system = (
            OwnedKeys.of(rows.get((o, provider.id), ()), linked.get((o, provider.id), ()), by_id[o])
            for o in owners
        )
        yield provider, sources_among(portal, provider, own, system, policies)


def _chain(portal: Portal, user_id: str, provider: Provider) -> ChainView:
    with portal.database.reading() as session:
        sources = decide(portal, session, user_id, provider)
    return _view(provider, sources, is_enabled=portal.providers.is_enabled(provider.id))


def _view(provider: Provider, sources: Sources, *, is_enabled: bool) -> ChainView:
    decision = sources.decision
    view = ChainView(
        provider=provider.id,
        provider_name=provider.name,
        initials=initials_of(provider.name),
        source=_source(decision),
        reason=_reason(decision) + _where(provider, sources) + _without_variables(provider, sources),
        steps=tuple(_step(s) for s in decision.steps),
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


def _step(step: Step) -> StepView:
    c = step.candidate
    return StepView(c.source, c.name, c.mask, step.verdict, _SITUATIONS[c.situation])


def _source(decision: Decision) -> str:
    if decision.winner is not None:
        return decision.winner.source
    return "blocked" if decision.blocked_by is not None else "none"


def _reason(decision: Decision) -> str:
    if (blocked := decision.blocked_by) is not None:
        if blocked.situation is Situation.RE_ENTER:
            return f"{blocked.name} waits for its value. Enter it: nothing else is used in its place."
        return f"{blocked.name} cannot be decrypted. Replace its value: nothing else is used in its place."
    skipped = [s.candidate for s in decision.steps if s.verdict is Verdict.SKIPPED and s.candidate.id]
    passed = "".join(f" {c.name} is {_SITUATIONS[c.situation]}." for c in skipped[:_NAMED])
    if len(skipped) > _NAMED:
        passed += f" {len(skipped) - _NAMED} more cannot be used."
    if decision.winner is None:
        return f"No key can be used.{passed} Bring one back, or add another." if passed else _NONE
    if decision.winner.situation is Situation.FAILING:
        return f"{decision.winner.name} is used although its last test failed: nothing else is left.{passed}"
    match decision.winner.source:
        case Source.USER:
            return f"Your own key {decision.winner.name} comes first.{passed}"
        case Source.SYSTEM:
            return f"You have no usable key of your own, so the system key is used.{passed}"
        case Source.ENVIRONMENT:
            return f"There is no usable saved key, so the server's {decision.winner.name} is used.{passed}"
